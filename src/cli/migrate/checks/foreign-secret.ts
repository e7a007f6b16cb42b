import { SECRET_CLASS_ANNOTATIONS, SECRET_CLASS_LABELS } from '#secretclass';
import { foundIf, type Check } from './check.ts';

/** Secrets of others that a class names. */
export const foreignSecret: Check = {
  weight: 'mend first',
  meaning:
    'A class asks for a Secret that somebody else made. Upstream writes into it all the same; Keyferry leaves it alone and says so in an event, so it would not be refreshed any more.',
  mend: `Hand it over: kubectl annotate secret -n NAMESPACE NAME ${SECRET_CLASS_ANNOTATIONS.adopt}=true. Or give secretObjects another name.`,
  find: ({ cluster: { secrets }, classes }) => {
    const known = new Map((secrets ?? []).map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata]));
    return foundIf(
      classes.flatMap(({ at, namespace, parsed }) =>
        (parsed?.value.secretObjects ?? []).flatMap(({ at: place, secretName }) => {
          const metadata = known.get(`${namespace}/${secretName}`);
          if (metadata === undefined) return [];
          const isManaged = metadata.labels?.[SECRET_CLASS_LABELS.managed] === 'true';
          const isHandedOver = metadata.annotations?.[SECRET_CLASS_ANNOTATIONS.adopt] === 'true';
          if (isManaged || isHandedOver) return [];
          return [
            `Secret ${namespace}/${secretName}: has no label ${SECRET_CLASS_LABELS.managed}=true, and ${at} ${place} asks for it`,
          ];
        }),
      ),
    );
  },
};
