/**
 * What the provider gets: the class's parameters, overlaid with the whole volume context. So a pod's volumeAttributes
 * override a parameter of the same name: upstream's rule, kept because manifests rely on it.
 */
export function mergeAttributes(
  parameters: Readonly<Record<string, string>>,
  volumeContext: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return { ...parameters, ...volumeContext };
}
