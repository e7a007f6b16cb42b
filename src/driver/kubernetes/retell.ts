/**
 * An event that is still true is told again after this, milliseconds: the API server forgets events after an hour
 * (kube-apiserver's `--event-ttl`), and who looks at a pod in the middle of the night has to find why it is not well.
 */
export const RETELL_AFTER_MS = 50 * 60_000;
