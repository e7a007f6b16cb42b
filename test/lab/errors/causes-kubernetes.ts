import type { Cause } from './cause.ts';

const SHOW_VOLUMES = "kubectl get pod -n <namespace> <pod> -o jsonpath='{.spec.volumes}'";
const SHOW_SECRET_OBJECTS =
  "kubectl get secretproviderclass -n <namespace> <class> -o jsonpath='{.spec.secretObjects}'";
const EDIT_CLASS = 'kubectl edit secretproviderclass -n <namespace> <class>';
const REPLACE_POD = 'kubectl replace --force -f <file of the pod>';

/**
 * What can be wrong between a pod and its volume, and between the volume and the Kubernetes Secrets that a class asks for.
 * The texts are those of kubelet, of the API server, and of the driver that Keyferry stands in for.
 */
export const KUBERNETES_CAUSES = [
  {
    id: 'driver-missing',
    title: 'The node has no driver',
    section: 'kubernetes',
    place: 'pod-event',
    looksLike: 'driver name <driver> not found in the list of registered CSI drivers',
    why: 'No driver of this name has made itself known to kubelet: it is not installed, its pod does not run on this node (a taint, a node that has just joined), or `csi.driver` in the pod is misspelt.',
    mend: 'Install the driver (on AKS: enable the add-on), or see why its pod does not run on the node.',
    commands: ['az aks enable-addons -g <resource group> -n <cluster> -a azure-keyvault-secrets-provider'],
    check: [
      'kubectl get csinode <node> -o yaml',
      'kubectl get pods --all-namespaces -o wide -l app=secrets-store-csi-driver',
    ],
  },
  {
    id: 'read-only-missing',
    title: 'The volume is not read-only',
    section: 'kubernetes',
    place: 'pod-event',
    looksLike: 'Readonly is not true in request',
    why: '`readOnly: true` is missing at the volume. The one at `volumeMounts` does not count.',
    mend: "Set `readOnly: true` in `spec.volumes[].csi` of the pod, or of the workload's template. A pod's volumes cannot be changed: a bare pod has to be replaced.",
    commands: [REPLACE_POD],
    check: [SHOW_VOLUMES],
  },
  {
    id: 'class-not-named',
    title: 'The volume names no class',
    section: 'kubernetes',
    place: 'pod-event',
    looksLike: 'secretProviderClass is not set',
    why: '`volumeAttributes` of the volume has no `secretProviderClass`; upper and lower case count.',
    mend: "Set it in the pod, or in the workload's template. A pod's volumes cannot be changed: a bare pod has to be replaced.",
    commands: [REPLACE_POD],
    check: [SHOW_VOLUMES],
  },
  {
    id: 'publish-secret-missing',
    title: 'The Secret of nodePublishSecretRef is not there',
    section: 'kubernetes',
    place: 'pod-event',
    looksLike:
      'fetching NodePublishSecretRef <namespace>/<secret> failed: kubernetes.io/csi: failed to find the secret <secret> in the namespace <namespace> with error: secrets "<secret>" not found',
    why: 'The volume hands a Secret to the driver, and the namespace of the pod has none of this name. kubelet asks before the driver hears of the volume.',
    mend: 'Create the Secret, with the keys `clientid` and `clientsecret`; or use workload identity, which needs none.',
    commands: [
      'kubectl create secret generic -n <namespace> <secret> --from-literal clientid=<client id> --from-literal clientsecret=<client secret>',
    ],
    check: [SHOW_VOLUMES, 'kubectl get secrets -n <namespace>'],
  },
  {
    id: 'api-server-away',
    title: 'The driver does not reach the API server',
    section: 'kubernetes',
    place: 'pod-event',
    looksLike:
      'failed to get secretproviderclass <namespace>/<class>, error: <reason>. The API server is in trouble, not the class: the mount is tried again by itself.',
    why: 'The driver reads the class anew for each mount, and got no answer from the API server: it is restarted or upgraded, or the network of the node is in trouble. The reason is `the API server <server> does not answer`, a status such as 503, or `no answer within 30000 ms`. The class is not the cause.',
    mend: 'Wait: kubelet tries again by itself, and pods that run keep their files. When it lasts on one node only, look at its network and at the pod of the driver.',
    commands: [],
    check: ["kubectl get --raw '/readyz?verbose'", 'kubectl get nodes'],
  },
  {
    id: 'sync-object-not-mounted',
    title: 'A Secret is to hold a file that is not mounted',
    section: 'kubernetes',
    place: 'sync-event',
    looksLike: 'file matching objectName <file> not found in the pod',
    why: '`secretObjects[].data[].objectName` is the name of a file in the volume: the alias of an object where it has one, and its name only where it has none. The volume is mounted all the same; containers that need the Secret wait in `CreateContainerConfigError`.',
    mend: 'Name a mounted file; the message lists them. The Secret is made within half a minute. An object that is added to `objects` is mounted at the next refresh, or in a new pod.',
    commands: [EDIT_CLASS],
    check: [SHOW_SECRET_OBJECTS, 'kubectl exec -n <namespace> <pod> -- ls <mount path>'],
  },
  {
    id: 'sync-key-illegal',
    title: 'A Secret is to have a key that is none',
    section: 'kubernetes',
    place: 'sync-event',
    looksLike: 'data[<n>].key: "<key>" is no key of a Secret: it has letters, digits, -, _ and .',
    why: 'The API server would refuse the Secret because of a name in its `data`: `secretObjects[].data[].key` may have letters, digits, dashes, dots and underscores. The other Secrets of the class are made.',
    mend: 'Correct the key in the class. The Secret is made within half a minute.',
    commands: [EDIT_CLASS],
    check: [SHOW_SECRET_OBJECTS],
  },
  {
    id: 'sync-key-of-type-missing',
    title: 'A Secret lacks a key that its type needs',
    section: 'kubernetes',
    place: 'sync-event',
    looksLike: 'a Secret of type <type> needs the key <key>',
    why: 'The API server would refuse the Secret because of its type: `kubernetes.io/dockerconfigjson` needs the key `.dockerconfigjson`, `kubernetes.io/basic-auth` needs `username` or `password`, and so on.',
    mend: 'Give the key that is named in the message, or the type `Opaque`. The Secret is made within half a minute.',
    commands: [EDIT_CLASS],
    check: [SHOW_SECRET_OBJECTS],
  },
  {
    id: 'sync-tls-without-certificate',
    title: 'A Secret of type kubernetes.io/tls is to be made of a file without a certificate',
    section: 'kubernetes',
    place: 'sync-event',
    looksLike: 'failed to get cert data from file <file>, err: <reason>',
    why: '`tls.crt` needs a file with a certificate and `tls.key` one with its private key, as PEM or as PKCS#12 without a password. In Key Vault that is the object of type `secret` that stands behind a certificate; an object of type `cert` has no private key. The reason says what the file lacks.',
    mend: 'Take both keys from an object of `objectType: secret`, or give the Secret another type. It is made within half a minute.',
    commands: [EDIT_CLASS],
    check: [SHOW_SECRET_OBJECTS, 'kubectl exec -n <namespace> <pod> -- head -1 <mount path>/<file>'],
  },
  {
    id: 'sync-secret-of-others',
    title: 'A Secret that a class asks for was made by somebody else',
    section: 'kubernetes',
    place: 'sync-event',
    looksLike:
      'failed to sync secret <namespace>/<secret>: a secret of this name exists and was not made from a volume',
    why: 'A Secret without the label `secrets-store.csi.k8s.io/managed=true` belongs to whoever made it: the driver does not touch it.',
    mend: 'Remove it, choose another `secretName`, or hand it over with the annotation: its keys that the class does not ask for stay.',
    commands: ['kubectl annotate secret -n <namespace> <secret> secrets-store.csi.k8s.io/adopt=true'],
    check: ['kubectl get secret -n <namespace> <secret> --show-labels'],
  },
  {
    id: 'env-secret-missing',
    title: 'A container takes a variable from a Secret that is not there',
    section: 'kubernetes',
    place: 'container-event',
    looksLike: 'Error: secret "<secret>" not found',
    why: 'Nobody has made the Secret that `secretKeyRef` or `envFrom` names. If a class is to make it: its `secretObjects` has no Secret of this name, the pod does not mount the class, or making it failed, which another event of the pod tells.',
    mend: 'Correct the name; or add the Secret to `secretObjects` of a class that the pod mounts, and replace the pod.',
    commands: [EDIT_CLASS, 'kubectl delete pod -n <namespace> <pod>'],
    check: ['kubectl get secrets -n <namespace>', SHOW_SECRET_OBJECTS],
  },
  {
    id: 'env-key-missing',
    title: 'A container takes a variable from a key that its Secret lacks',
    section: 'kubernetes',
    place: 'container-event',
    looksLike: "Error: couldn't find key <key> in Secret <namespace>/<secret>",
    why: 'The Secret is there, but `secretKeyRef.key` names none of its keys: in a class that is `secretObjects[].data[].key`, not `objectName`.',
    mend: "Correct the key in the pod, or in the workload's template. What a bare pod's containers are cannot be changed: replace it.",
    commands: [REPLACE_POD],
    check: ["kubectl get secret -n <namespace> <secret> -o jsonpath='{.data}'", SHOW_SECRET_OBJECTS],
  },
] as const satisfies readonly Cause[];
