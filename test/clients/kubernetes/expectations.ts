/**
 * What each client library must tell of the same checks, in the library's own way: the Kubernetes API's documented behaviour
 * (kubernetes.io, "Kubernetes API Concepts", "Server-Side Apply"; the API conventions on reasons and codes).
 */
export const EXPECTED: Readonly<Record<string, unknown>> = {
  'a list in pages': { names: ['page-0', 'page-1', 'page-2', 'page-3', 'page-4'], pages: 3 },
  'what is refused': {
    missing: [404, 'NotFound'],
    twice: [409, 'AlreadyExists'],
    stale: [409, 'Conflict'],
    invalid: [422, 'Invalid'],
  },
  'every kind of patch': { merge: '1', strategic: '2', json: '3' },
  'server-side apply': { refused: [409, 'Conflict'], data: { own: '1', shared: '2' }, managers: ['one', 'two'] },
  'a watch': ['ADDED watched', 'MODIFIED watched', 'DELETED watched'],
  'a watch from a revision that is gone': [410, 'Expired'],
  'an informer with a label selector': [
    'add there-before',
    'add with-label',
    'delete with-label',
    'add with-label',
    'delete there-before',
  ],
  'an informer whose watch ends': ['add cut-before', 'add cut-after'],
  'an informer whose revision is gone': ['add gone-before', 'add gone-after'],
  'a command in a container': [
    { out: 'out\n', err: 'err\n', code: 3 },
    { out: 'hello', err: '', code: 0 },
  ],
  'a log': 'one\ntwo\n',
  'a forwarded port': 'served\n',
  'a custom resource': { specs: [{ size: 2 }], refused: [422, 'Invalid'] },
  'scaling a deployment': { selector: 'app=scaled', replicas: 1 },
  'deleting a collection': [],
};
