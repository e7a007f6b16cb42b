import { table } from '../../support/lines.ts';

/** Changes of what is there: patch, label, annotate, set, scale, expose, taint and the like. */
export const change = table('change', [
  ['kubectl apply -f web.yaml -f one.yaml', 'service/web created\ndeployment.apps/web created\nconfigmap/one created'],
  [
    `kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"SIZE","value":"3"}]}]}}}}'`,
    'deployment.apps/web patched',
  ],
  ['kubectl get deployment web -o jsonpath={.spec.template.spec.containers[0].env[*].name}', 'SIZE COLOR'],
  [
    `kubectl patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"$patch":"delete","name":"SIZE"}]}]}}}}'`,
    'deployment.apps/web patched',
  ],
  ['kubectl get deployment web -o jsonpath={.spec.template.spec.containers[0].env[*].name}', 'COLOR'],
  [`kubectl patch cm one --type=merge -p '{"data":{"a":null,"b":"2"}}'`, 'configmap/one patched'],
  [
    `kubectl patch cm one --type=json -p '[{"op":"replace","path":"/data/b","value":"3"},{"op":"add","path":"/data/c","value":"4"}]'`,
    'configmap/one patched',
  ],
  ['kubectl get cm one -o jsonpath={.data}', '{"b":"3","c":"4"}'],
  [
    `kubectl patch cm one --type=json -p '[{"op":"remove","path":"/data/gone"}]'`,
    /^The request is invalid: the server rejected our request due to an error in our request/,
    1,
  ],
  [`kubectl patch cm one --type=merge -p '{"data":{"b":"3"}}'`, 'configmap/one patched (no change)'],
  [`kubectl patch cm one -p 'data: {d: yaml}'`, 'configmap/one patched'],
  [`printf 'data: {e: file}' >patch.yaml && kubectl patch cm one --patch-file=patch.yaml`, 'configmap/one patched'],
  [`kubectl patch cm one --dry-run=server -o jsonpath={.data.x} -p '{"data":{"x":"y"}}'`, 'y'],
  ['kubectl get cm one -o jsonpath={.data.x}', ''],
  [`kubectl patch -f one.yaml --local -o jsonpath={.data} -p '{"data":{"x":"y"}}'`, '{"a":"1","x":"y"}'],
  [
    `kubectl patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":3}}'`,
    /scale.autoscaling\/web patched/,
  ],
  ['kubectl get deployment web -o jsonpath={.spec.replicas}', '3'],
  [
    `kubectl patch service web -p '{"spec":{"clusterIP":"10.0.0.99"}}'`,
    /^The Service "web" is invalid: [^]*spec.clusterIPs?(\[0\])?: Invalid value: .*: (field is immutable|may not change once set)/,
    1,
  ],
  ['kubectl label deployment web tier=front stage=test', 'deployment.apps/web labeled'],
  ['kubectl label deployment web tier=back', `error: 'tier' already has a value (front), and --overwrite is false`, 1],
  ['kubectl label --overwrite deployment web tier=back', 'deployment.apps/web labeled'],
  ['kubectl label deployment web tier=back', 'deployment.apps/web not labeled'],
  ['kubectl label deployment web tier-', 'deployment.apps/web unlabeled'],
  ['kubectl label deployment web --list | sort', 'app=web\nstage=test'],
  ['kubectl label deployment,service --all team=shop', 'deployment.apps/web labeled\nservice/web labeled'],
  [`kubectl label cm one 'bad key=x'`, /error: invalid label spec: bad key=x|name part must consist of/, 1],
  ['kubectl label cm one long=$(printf %064d 0)', /must be no more than 63 (characters|bytes)/, 1],
  ['kubectl annotate cm one note="for all to read"', 'configmap/one annotated'],
  [`kubectl annotate cm one --list | grep note`, 'note=for all to read'],
  ['kubectl annotate cm one note-', 'configmap/one annotated'],
  [
    'kubectl annotate cm one --resource-version=1 note=x',
    /^Error from server \(Conflict\): Operation cannot be fulfilled on configmaps "one": the object has been modified; please apply your changes to the latest version and try again$/,
    1,
  ],
  ['kubectl set image deployment/web web=nginx:1.28', 'deployment.apps/web image updated'],
  [
    `kubectl set image deployment/web '*=nginx:1.29' && kubectl get deployment web -o jsonpath={.spec.template.spec.containers[*].image}`,
    'deployment.apps/web image updated\nnginx:1.29 nginx:1.29',
  ],
  ['kubectl set image deployment/web none=nginx', 'error: unable to find container named "none"', 1],
  ['kubectl set env deployment/web -c web SIZE=5 COLOR-', 'deployment.apps/web env updated'],
  [
    'kubectl set env deployment/web --list',
    '# Deployment web, container web\nSIZE=5\n# Deployment web, container sidecar',
  ],
  [
    'kubectl set env deployment/web --from=configmap/one --prefix=ONE_ -c web',
    /^deployment.apps\/web env updated$|Warning: key/,
  ],
  ['kubectl set env deployment/web --list --resolve -c web | grep ONE_B', 'ONE_B=3'],
  [
    'kubectl set resources deployment/web -c web --limits=cpu=200m,memory=64Mi --requests=cpu=100m',
    'deployment.apps/web resource requirements updated',
  ],
  [
    'kubectl get deployment web -o jsonpath={.spec.template.spec.containers[0].resources}',
    '{"limits":{"cpu":"200m","memory":"64Mi"},"requests":{"cpu":"100m"}}',
  ],
  [
    'kubectl create sa robot && kubectl set serviceaccount deployment/web robot',
    'serviceaccount/robot created\ndeployment.apps/web serviceaccount updated',
  ],
  ['kubectl set selector service web app=web,stage=test', 'service/web selector updated'],
  [
    'kubectl create role r --verb=get --resource=pods && kubectl create rolebinding b --role=r --user=jane',
    /created\n.* created$/,
  ],
  [
    'kubectl set subject rolebinding b --user=joe --serviceaccount=change:robot',
    'rolebinding.rbac.authorization.k8s.io/b subjects updated',
  ],
  ['kubectl get rolebinding b -o jsonpath={.subjects[*].name}', 'jane joe robot'],
  ['kubectl scale deployment/web --replicas=1', 'deployment.apps/web scaled'],
  ['kubectl scale deployment/web --current-replicas=5 --replicas=2', 'error: Expected replicas to be 5, was 1', 1],
  ['kubectl scale deployment/web --current-replicas=1 --replicas=2', 'deployment.apps/web scaled'],
  [
    'kubectl scale deployment none --replicas=1',
    'error: no objects passed to scale deployments.apps "none" not found',
    1,
  ],
  ['kubectl autoscale deployment web --min=1 --max=3 --cpu=80%', 'horizontalpodautoscaler.autoscaling/web autoscaled'],
  [
    'kubectl get hpa web',
    /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nweb +Deployment\/web +cpu: <unknown>\/80% +1 +3 +0 /,
  ],
  ['kubectl expose deployment web --name=front --port=80 --target-port=8080', 'service/front exposed'],
  [
    `kubectl get service front -o jsonpath='{.spec.selector} {.spec.ports[0].port}:{.spec.ports[0].targetPort}'`,
    '{"app":"web"} 80:8080',
  ],
  ['kubectl expose deployment web', 'Error from server (AlreadyExists): services "web" already exists', 1],
  [
    'kubectl annotate deployment web a=b --dry-run=server && kubectl get deployment web -o jsonpath={.metadata.annotations.a}',
    'deployment.apps/web annotated (server dry run)',
  ],
  // The node.
  ['kubectl taint node --all dedicated=db:NoSchedule', /^node\/aks-\S+ tainted$/],
  ['kubectl get node -o jsonpath={.items[0].spec.taints}', '[{"effect":"NoSchedule","key":"dedicated","value":"db"}]'],
  [
    'kubectl taint node --all dedicated=db:NoSchedule',
    /^error: node aks-\S+ already has dedicated taint\(s\) with same effect\(s\) and --overwrite is false$/,
    1,
  ],
  ['kubectl taint node --all dedicated-', /^node\/aks-\S+ untainted$/],
  ['kubectl run lone --image=nginx', 'pod/lone created'],
  ['kubectl wait --for=condition=Ready pod/lone --timeout=30s', 'pod/lone condition met'],
  ['kubectl cordon $(kubectl get node -o name)', /^node\/aks-\S+ cordoned$/],
  ['kubectl get node --no-headers', /^aks-\S+ +Ready,SchedulingDisabled /],
  [
    'kubectl drain -l kubernetes.io/os=linux --pod-selector=run=lone --ignore-daemonsets --timeout=30s',
    /cannot delete cannot delete Pods that declare no controller \(use --force to override\): change\/lone/,
    1,
  ],
  [
    'kubectl drain -l kubernetes.io/os=linux --pod-selector=run=lone --ignore-daemonsets --force --timeout=30s',
    /^node\/aks-\S+ already cordoned\nWarning: deleting Pods that declare no controller: change\/lone\nevicting pod change\/lone\npod\/lone evicted\nnode\/aks-\S+ drained$/,
  ],
  [
    'kubectl run later --image=nginx && kubectl get pod later --no-headers',
    /^pod\/later created\nlater +0\/1 +Pending /,
  ],
  ['kubectl uncordon -l kubernetes.io/os=linux', /^node\/aks-\S+ uncordoned$/],
  ['kubectl wait --for=condition=Ready pod/later --timeout=30s', 'pod/later condition met'],
]);
