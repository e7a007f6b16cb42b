import { table } from '../../support/lines.ts';

/** `kubectl apply`, client-side and server-side, diff, replace, edit, kustomize. */
export const apply = table('apply', [
  ['kubectl diff -f web.yaml | grep -c "^+kind:"', '2'],
  ['kubectl diff -f one.yaml >/dev/null', '', 1],
  [
    'kubectl apply --dry-run=client -f web.yaml',
    'service/web created (dry run)\ndeployment.apps/web created (dry run)',
  ],
  [
    'kubectl apply --dry-run=server -f web.yaml',
    'service/web created (server dry run)\ndeployment.apps/web created (server dry run)',
  ],
  ['kubectl apply -f web.yaml', 'service/web created\ndeployment.apps/web created'],
  ['kubectl apply -f web.yaml', 'service/web unchanged\ndeployment.apps/web unchanged'],
  ['kubectl diff -f web.yaml', ''],
  [
    'kubectl diff -f web-green.yaml',
    /^-  replicas: 2\n\+  replicas: 3$[^]*^-          value: red\n\+          value: green$/m,
    1,
  ],
  ['cat web-green.yaml | kubectl apply -f -', 'service/web unchanged\ndeployment.apps/web configured'],
  [
    `kubectl get deployment web -o jsonpath='{.spec.replicas} {.spec.template.spec.containers[*].env}'`,
    '3 [{"name":"COLOR","value":"green"}]',
  ],
  ['kubectl apply view-last-applied deployment/web -o json | grep -c green', '1'],
  ['kubectl apply -f list.yaml', 'configmap/first created\nsecret/second created'],
  ['kubectl get secret second -o jsonpath={.data.a}', 'Yg=='],
  ['kubectl apply -f folder', 'configmap/kept created\nconfigmap/pruned created'],
  [
    'kubectl apply --prune -l set=folder --prune-allowlist=core/v1/ConfigMap -f folder/a.yaml',
    'configmap/kept unchanged\nconfigmap/pruned pruned',
  ],
  ['kubectl create configmap plain --from-literal=a=b', 'configmap/plain created'],
  [
    `kubectl create configmap plain --from-literal=a=c --dry-run=client -o yaml | kubectl apply -f -`,
    /^Warning: resource configmaps\/plain is missing the kubectl.kubernetes.io\/last-applied-configuration annotation which is required by kubectl apply\. .*\nconfigmap\/plain configured$/,
  ],
  ['kubectl apply -f /dev/null', 'error: no objects passed to apply', 1],
  ['kubectl apply -f absent.yaml', 'error: the path "absent.yaml" does not exist', 1],
  [
    `sed 's/replicas:/replica:/' web.yaml | kubectl apply -f -`,
    /Error from server \(BadRequest\): error when (creating|applying patch)[^]*: Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"$|strict decoding error: unknown field "spec.replica"/,
    1,
  ],
  [
    `sed 's/replicas: 2/replicas: many/; s/name: web,/name: many,/' web.yaml | kubectl apply -f -`,
    /Deployment in version "v1" cannot be handled as a Deployment: .*cannot unmarshal string into Go .* of type int32$/,
    1,
  ],
  [
    `sed 's/matchLabels: { app: web }/matchLabels: { app: other }/' web.yaml | kubectl apply -f -`,
    /The Deployment "web" is invalid: ?[^]*spec.selector: Invalid value: [^]*: field is immutable/,
    1,
  ],
  // Server-side apply.
  ['kubectl apply --server-side -f shared.yaml', 'configmap/shared serverside-applied'],
  ['kubectl apply --server-side -f shared.yaml', 'configmap/shared serverside-applied'],
  [
    `sed 's/: ours/: theirs/; s/, also: theirs//' shared.yaml | sed 's/, also: ours//' | kubectl apply --server-side --field-manager=them -f -`,
    /^error: Apply failed with 1 conflict: conflict with "kubectl": \.data\.owner\nPlease review the fields above--they currently have other managers\. /,
    1,
  ],
  [
    `sed 's/owner: ours, also: ours/owner: theirs/' shared.yaml | kubectl apply --server-side --field-manager=them --force-conflicts -f -`,
    'configmap/shared serverside-applied',
  ],
  ['kubectl get configmap shared -o jsonpath={.data}', '{"also":"ours","owner":"theirs"}'],
  [
    `kubectl get configmap shared --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}/{.metadata.managedFields[*].operation}'`,
    'kubectl them/Apply Apply',
  ],
  [`sed 's/owner: ours, //' shared.yaml | kubectl apply --server-side -f -`, 'configmap/shared serverside-applied'],
  ['kubectl get configmap shared -o jsonpath={.data}', '{"also":"ours","owner":"theirs"}'],
  [
    `sed 's/, also: ours//; s/ours/theirs/' shared.yaml | kubectl apply --server-side -f -`,
    'configmap/shared serverside-applied',
  ],
  ['kubectl get configmap shared -o jsonpath={.data}', '{"owner":"theirs"}'],
  ['kubectl diff --server-side -f shared.yaml', /conflict with "them": \.data\.owner/, 2],
  [
    'kubectl diff --server-side --force-conflicts -f shared.yaml | grep "^[+-] "',
    '-  owner: theirs\n+  also: ours\n+  owner: ours',
  ],
  [
    'kubectl apply --server-side -f web.yaml --dry-run=server',
    /conflicts with "kubectl-client-side-apply" using apps\/v1:\n- \.spec\.replicas\n- \.spec\.template\.spec\.containers\[name="web"\]\.env\[name="COLOR"\]\.value\n/,
    1,
  ],
  [
    'kubectl apply --server-side --force-conflicts -f web.yaml',
    'service/web serverside-applied\ndeployment.apps/web serverside-applied',
  ],
  ['kubectl scale deployment/web --replicas=1', 'deployment.apps/web scaled'],
  ['kubectl apply --server-side -f web.yaml 2>&1 | head -1', 'service/web serverside-applied'],
  [
    'kubectl apply --server-side -f web.yaml',
    /conflict with "kubectl" with subresource "scale" using apps\/v1: \.spec\.replicas/,
    1,
  ],
  // Sets of objects that are pruned by their parent.
  [
    'KUBECTL_APPLYSET=true kubectl apply -n apply --prune --applyset=configmaps/set -f folder',
    'configmap/kept configured\nconfigmap/pruned created',
  ],
  [
    'KUBECTL_APPLYSET=true kubectl apply -n apply --prune --applyset=configmaps/set -f folder/a.yaml',
    /configmap\/kept .*\nconfigmap\/pruned pruned/,
  ],
  // Custom resources.
  ['kubectl apply -f crd.yaml', 'customresourcedefinition.apiextensions.k8s.io/boats.harbour.example.com created'],
  [
    'kubectl wait --for=condition=Established crd/boats.harbour.example.com --timeout=10s',
    'customresourcedefinition.apiextensions.k8s.io/boats.harbour.example.com condition met',
  ],
  ['kubectl apply -f boat.yaml', 'boat.harbour.example.com/kite created'],
  ['kubectl get bt', /^NAME +LENGTH\nkite +7.5$/],
  [
    'kubectl explain boat.spec.length',
    /^GROUP: +harbour.example.com\nKIND: +Boat\nVERSION: +v1\n\nFIELD: length <number>[^]*From bow to stern, in metres\./,
  ],
  [
    `sed 's/7.5/long/' boat.yaml | kubectl apply -f -`,
    /The Boat "kite" is invalid: spec.length: Invalid value: "string": spec.length in body must be of type number: "string"/,
    1,
  ],
  [
    `sed 's/7.5/0/' boat.yaml | kubectl apply -f -`,
    /The Boat "kite" is invalid: spec.length: Invalid value: 0: spec.length in body should be greater than or equal to 1/,
    1,
  ],
  ['kubectl scale boat kite --replicas=2', 'boat.harbour.example.com/kite scaled'],
  ['kubectl get boat kite -o jsonpath={.spec.sails}', '2'],
  [
    `kubectl patch boat kite --subresource=status --type=merge -p '{"status":{"afloat":true}}'`,
    'boat.harbour.example.com/kite patched',
  ],
  [
    'kubectl wait --for=jsonpath={.status.afloat}=true boat/kite --timeout=5s',
    'boat.harbour.example.com/kite condition met',
  ],
  [
    `kubectl patch boat kite -p '{"spec":{"sails":3}}'`,
    'error: application/strategic-merge-patch+json is not supported by harbour.example.com/v1, Kind=Boat: the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    1,
  ],
  ['kubectl delete -f crd.yaml', /^customresourcedefinition.apiextensions.k8s.io "boats.harbour.example.com" deleted/],
  // kubectl still knows the kind from its cache of what the server serves.
  [
    'kubectl get boats',
    /^Error from server \(NotFound\): Unable to list "harbour.example.com\/v1, Resource=boats": the server could not find the requested resource/,
    1,
  ],
  // Replace and edit.
  [
    'kubectl replace -f one.yaml',
    'Error from server (NotFound): error when replacing "one.yaml": configmaps "one" not found',
    1,
  ],
  ['kubectl create -f one.yaml --save-config', 'configmap/one created'],
  ['kubectl replace -f one.yaml', 'configmap/one replaced'],
  ['kubectl replace --force -f one.yaml', 'configmap "one" deleted from apply namespace\nconfigmap/one replaced'],
  [`EDITOR="sed -i 's/\\"1\\"/\\"2\\"/'" kubectl edit configmap one`, 'configmap/one edited'],
  ['kubectl get configmap one -o jsonpath={.data.a}', '2'],
  ['EDITOR=true kubectl edit configmap one', 'Edit cancelled, no changes made.'],
  ['EDITOR="sed -i s/creationTimestamp.*/immutable:\\ maybe/" kubectl edit configmap one', /error|invalid/, 1],
  // Kustomize.
  ['kubectl kustomize kustomize/overlay | grep -c stage:', '2'],
  [
    'kubectl apply -k kustomize/overlay',
    /^configmap\/test-settings-[a-z0-9]{10} created\ndeployment.apps\/test-shop created$/,
  ],
  [
    `kubectl get deployment -l stage=test -o jsonpath='{.items[0].spec.replicas} {.items[0].spec.template.spec.containers[0].image} {.items[0].spec.template.spec.containers[0].envFrom[0].configMapRef.name}'`,
    /^2 nginx:1.27 test-settings-[a-z0-9]{10}$/,
  ],
  [
    'kubectl delete -k kustomize/overlay',
    /^configmap "test-settings-[a-z0-9]{10}" deleted from apply namespace\ndeployment.apps "test-shop" deleted from apply namespace$/,
  ],
]);
