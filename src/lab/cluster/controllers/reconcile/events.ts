import { errorText, putNewest, type Clock, type Log, type Random } from '#base';
import type { Event, KubeObject } from '#kube';
import { createEventNames } from '../../event-names.ts';
import { ApiError, type ApiAccess } from '../../api-access.ts';
import { isNotFound } from './api-errors.ts';
import { RESOURCES } from '../../resources.ts';
import { wireTime } from './wire-time.ts';

/** What happened to an object, for a person who reads `kubectl describe`. */
export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** One word, such as `Scheduled`. */
  readonly reason: string;
  readonly message: string;
}

/** What an event is about. */
export type EventSubject = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>;

/** Writes events. */
export interface EventRecorder {
  /** Writes an event, or counts up the one of the same text. Never throws: an event is not worth a failed reconciliation. */
  record(subject: EventSubject, text: EventText): Promise<void>;
}

/** What an {@link EventRecorder} needs. */
export interface EventRecorderOptions {
  readonly api: ApiAccess;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** `source.component` and `reportingComponent`. */
  readonly component: string;
}

// How many events a recorder remembers in order to count repetitions.
const REMEMBERED = 500;

/** An {@link EventRecorder} whose events look as those of client-go's recorder (name, involvedObject, count). */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { api, clock, random, log, component } = options;
  const written = new Map<string, { readonly namespace: string; readonly name: string; readonly count: number }>();

  const countUp = async (id: string, time: string): Promise<boolean> => {
    const present = written.get(id);
    if (present === undefined) return false;
    written.delete(id);
    const count = present.count + 1;
    try {
      await api.patch(RESOURCES.events, present, 'merge', { count, lastTimestamp: time });
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
    written.set(id, { ...present, count });
    return true;
  };

  const nameOf = createEventNames({ clock, random });

  const remember = (id: string, event: { namespace: string; name: string; count: number }) => {
    putNewest(written, id, event, REMEMBERED);
  };

  return {
    async record(subject, { type, reason, message }) {
      const { namespace, name = '', uid } = subject.metadata;
      const id = JSON.stringify([subject.kind, uid, type, reason, message]);
      const time = wireTime(clock.now());
      const home = namespace ?? 'default';
      const event: Event = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: nameOf(name), namespace: home },
        involvedObject: {
          apiVersion: subject.apiVersion,
          kind: subject.kind,
          name,
          ...(namespace === undefined ? {} : { namespace }),
          ...(uid === undefined ? {} : { uid }),
          ...(subject.metadata.resourceVersion === undefined
            ? {}
            : { resourceVersion: subject.metadata.resourceVersion }),
        },
        type,
        reason,
        message,
        source: { component },
        reportingComponent: component,
        reportingInstance: '',
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      try {
        if (await countUp(id, time)) return;
        const created = await api.create(RESOURCES.events, home, event);
        remember(id, { namespace: home, name: created.metadata.name ?? '', count: 1 });
      } catch (error) {
        // A namespace that is being deleted takes no new objects; its events do not matter any more.
        if (error instanceof ApiError && error.body.code < 500) {
          log.debug('Event was refused', { reason, subject: name, error: errorText(error) });
        } else {
          log.warn('Event could not be written', { reason, subject: name, error: errorText(error) });
        }
      }
    },
  };
}
