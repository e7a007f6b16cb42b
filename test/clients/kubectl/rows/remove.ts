import { table } from '../../support/lines.ts';

/** `kubectl delete` in its ways. */
export const remove = table('remove', [
  ['kubectl apply -f web.yaml -f db.yaml -f pod.yaml -f list.yaml -f folder', /^(\S+ created\n?){9}$/],
  ['kubectl wait --for=condition=Ready pod --all --timeout=30s', /condition met/],
  ['kubectl delete configmap kept --dry-run=client', 'configmap "kept" deleted from remove namespace (dry run)'],
  ['kubectl delete configmap kept --dry-run=server', 'configmap "kept" deleted from remove namespace (server dry run)'],
  ['kubectl delete configmap kept -o name', 'configmap/kept'],
  ['kubectl delete configmap kept', 'Error from server (NotFound): configmaps "kept" not found', 1],
  ['kubectl delete configmap kept --ignore-not-found', ''],
  ['kubectl delete -f folder --ignore-not-found', 'configmap "pruned" deleted from remove namespace'],
  [
    'kubectl delete cm,secret -l set=list',
    'configmap "first" deleted from remove namespace\nsecret "second" deleted from remove namespace',
  ],
  ['kubectl delete cm', 'error: resource(s) were provided, but no name was specified', 1],
  ['kubectl delete pod app --wait=false', 'pod "app" deleted from remove namespace'],
  ['kubectl wait --for=delete pod/app --timeout=30s', /^(pod\/app condition met)?$/],
  [
    'kubectl apply -f pod.yaml && kubectl wait --for=condition=Ready pod/app --timeout=30s',
    'pod/app created\npod/app condition met',
  ],
  [
    'kubectl delete pod app --force',
    /^Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\npod "app" force deleted from remove namespace$/,
  ],
  ['kubectl get pod app', 'Error from server (NotFound): pods "app" not found', 1],
  [
    'kubectl apply -f pod.yaml && kubectl delete pod app --grace-period=0 --force 2>/dev/null',
    'pod/app created\npod "app" force deleted from remove namespace',
  ],
  ['kubectl delete pod none --now', 'Error from server (NotFound): pods "none" not found', 1],
  ['kubectl delete statefulset db --cascade=orphan', 'statefulset.apps "db" deleted from remove namespace'],
  ['kubectl get pods -l app=db -o name', 'pod/db-0\npod/db-1'],
  [`kubectl get pods -l app=db -o jsonpath='{.items[*].metadata.ownerReferences}'`, ''],
  ['kubectl apply -f db.yaml', 'service/db unchanged\nstatefulset.apps/db created'],
  [
    'kubectl wait --for=jsonpath={.metadata.ownerReferences[0].name}=db pod/db-0 --timeout=30s',
    'pod/db-0 condition met',
  ],
  ['kubectl delete statefulset db --cascade=foreground', 'statefulset.apps "db" deleted from remove namespace'],
  ['kubectl get pods -l app=db -o name', ''],
  ['kubectl delete deployment web --cascade=background', 'deployment.apps "web" deleted from remove namespace'],
  ['kubectl wait --for=delete rs,pod -l app=web --timeout=30s', /^(\S+ condition met\n?)*$/],
  [
    'kubectl create job once --image=busybox -- true && kubectl wait --for=condition=complete job/once --timeout=30s',
    'job.batch/once created\njob.batch/once condition met',
  ],
  ['kubectl delete job once', 'job.batch "once" deleted from remove namespace'],
  ['kubectl wait --for=delete pod -l batch.kubernetes.io/job-name=once --timeout=30s', /^(\S+ condition met)?$/],
  ['kubectl delete --raw /api/v1/namespaces/remove/services/db | grep -c Success', '1'],
  ['kubectl delete svc --all', 'service "web" deleted from remove namespace'],
  [
    'kubectl delete namespace default',
    'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted',
    1,
  ],
  [
    'kubectl create ns doomed && kubectl create cm -n doomed c && kubectl create deployment -n doomed d --image=nginx',
    'namespace/doomed created\nconfigmap/c created\ndeployment.apps/d created',
  ],
  ['kubectl rollout status deployment/d -n doomed --timeout=30s | tail -1', 'deployment "d" successfully rolled out'],
  ['kubectl delete ns doomed --timeout=30s', 'namespace "doomed" deleted'],
  ['kubectl get all,cm -n doomed', 'No resources found in doomed namespace.'],
  [
    `kubectl create cm held && kubectl patch cm held -p '{"metadata":{"finalizers":["example.com/hold"]}}'`,
    'configmap/held created\nconfigmap/held patched',
  ],
  [
    'kubectl delete cm held --timeout=2s',
    /^configmap "held" deleted from remove namespace\n[^]*error: timed out waiting for the condition on configmaps\/held$/,
    1,
  ],
  ['kubectl get cm held -o jsonpath={.metadata.deletionTimestamp}', /^\d{4}-/],
  [`kubectl patch cm held --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]'`, 'configmap/held patched'],
  ['kubectl get cm held', 'Error from server (NotFound): configmaps "held" not found', 1],
]);
