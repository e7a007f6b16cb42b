import { table } from '../../support/lines.ts';

/** `kubectl get` in its forms of output and choice, describe, events, explain. */
export const get = table('get', [
  ['kubectl get pods', 'No resources found in get namespace.'],
  ['kubectl apply -f web.yaml -f one.yaml', 'service/web created\ndeployment.apps/web created\nconfigmap/one created'],
  ['kubectl rollout status deployment/web --timeout=30s', /deployment "web" successfully rolled out$/],
  ['kubectl get deployment', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 +\d+s$/],
  [
    'kubectl get deployment web -o wide',
    /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +2\/2 +2 +2 +\d+s +web,sidecar +nginx:1.27,busybox +app=web$/,
  ],
  ['kubectl get rs --no-headers', /^web-[a-z0-9]{6,10} +2 +2 +2 +\d+s$/],
  [
    'kubectl get pods',
    /^NAME +READY +STATUS +RESTARTS +AGE\nweb-[a-z0-9]+-[a-z0-9]{5} +2\/2 +Running +0 +\d+s\nweb-\S+ +2\/2 +Running +0 +\d+s$/,
  ],
  [
    'kubectl get pods -o wide --no-headers | head -1',
    /^web-\S+ +2\/2 +Running +0 +\d+s +[\d.]+ +aks-nodepool1-\S+ +<none> +<none>$/,
  ],
  [
    'kubectl get all -o name',
    /^pod\/web-\S+\npod\/web-\S+\nservice\/web\ndeployment.apps\/web\nreplicaset.apps\/web-\S+$/,
  ],
  ['kubectl get pods --show-labels --no-headers | head -1', /app=web,pod-template-hash=[a-z0-9]+$/],
  ['kubectl get pods -L app --no-headers | head -1', / +web$/],
  ['kubectl get pods -l app=web,app!=db -o name | wc -l', '2'],
  [`kubectl get pods -l 'app in (web, db)' -o name | wc -l`, '2'],
  [`kubectl get pods -l '!app' -o name`, ''],
  ['kubectl get pods --field-selector=status.phase=Running,spec.restartPolicy=Always -o name | wc -l', '2'],
  ['kubectl get pods --field-selector=status.phase!=Running', 'No resources found in get namespace.'],
  [
    'kubectl get pods --field-selector=spec.color=red',
    /^Error from server \(BadRequest\): Unable to find "\/v1, Resource=pods" that match label selector "", field selector "spec.color=red": field label not supported: spec.color$/,
    1,
  ],
  ['kubectl get pods -o jsonpath="{.items[*].spec.containers[*].name}"', 'web sidecar web sidecar'],
  [
    `kubectl get pods -o jsonpath='{range .items[*]}{.status.phase}{"\\t"}{.spec.containers[?(@.name=="web")].image}{"\\n"}{end}'`,
    'Running\tnginx:1.27\nRunning\tnginx:1.27',
  ],
  ['kubectl get deployment web -o jsonpath-as-json={.spec.replicas}', '[\n    2\n]'],
  [
    'kubectl get deployment web -o custom-columns=NAME:.metadata.name,IMAGES:.spec.template.spec.containers[*].image,NONE:.spec.paused',
    /^NAME +IMAGES +NONE\nweb +nginx:1.27,busybox +<none>$/,
  ],
  [
    `kubectl get deployment web -o go-template='{{range .spec.template.spec.containers}}{{.name}} {{end}}{{.spec.replicas}}'`,
    'web sidecar 2',
  ],
  [
    'printf "NAME KIND\\n.metadata.name .kind\\n" >columns && kubectl get cm one -o custom-columns-file=columns',
    /^NAME +KIND\none +ConfigMap$/,
  ],
  [
    'kubectl get cm one -o yaml',
    /^apiVersion: v1\ndata:\n  a: "1"\nkind: ConfigMap\nmetadata:\n  annotations:\n    kubectl\.kubernetes\.io\/last-applied-configuration: \|\n[^]*\n  creationTimestamp: "\d{4}-[^"]*Z"\n  name: one\n  namespace: get\n  resourceVersion: "\d+"\n  uid: [0-9a-f-]{36}$/,
  ],
  ['kubectl get cm one -o json | head -c 40', '{\n    "apiVersion": "v1",\n    "data": {'],
  [
    'KUBECTL_KYAML=true kubectl get cm one -o kyaml',
    /^---\n\{\n {2}apiVersion: "v1",\n {2}data: \{\n {4}a: "1",\n {2}\},\n/,
  ],
  ['kubectl get deploy/web svc/web cm/one -o name', 'deployment.apps/web\nservice/web\nconfigmap/one'],
  ['kubectl get deploy,svc -o custom-columns=K:.kind,N:.metadata.name --no-headers', /^Deployment +web\nService +web$/],
  [
    'kubectl create cm alpha && kubectl create cm beta --from-literal=a=b',
    'configmap/alpha created\nconfigmap/beta created',
  ],
  [
    `kubectl get cm --sort-by='{.metadata.name}' -o name | tr '\\n' ' '`,
    'configmap/alpha configmap/beta configmap/kube-root-ca.crt configmap/one',
  ],
  ['kubectl get cm --sort-by=.metadata.creationTimestamp -o name | head -1', 'configmap/kube-root-ca.crt'],
  ['kubectl get cm --chunk-size=1 -o name | wc -l', '4'],
  [
    'kubectl get cm -A --field-selector=metadata.name=beta -o custom-columns=NS:.metadata.namespace --no-headers',
    'get',
  ],
  ['kubectl get cm -A --no-headers | grep -c " kube-root-ca.crt "', /^\d+$/],
  ['kubectl get cm one --ignore-not-found && kubectl get cm none --ignore-not-found', /^NAME +DATA +AGE\none +1 +\S+$/],
  ['kubectl get cm none', 'Error from server (NotFound): configmaps "none" not found', 1],
  ['kubectl get cm -n nowhere', 'No resources found in nowhere namespace.'],
  ['kubectl get things', 'error: the server doesn\'t have a resource type "things"', 1],
  ['kubectl get --raw /api/v1/namespaces/get/configmaps/one', /"data":\{"a":"1"\}/],
  ['kubectl get --raw /readyz', 'ok'],
  [`kubectl get --raw '/readyz?verbose' | tail -1`, 'readyz check passed'],
  ['kubectl get --raw /healthz/ping', 'ok'],
  ['kubectl get --raw /nowhere', 'Error from server (NotFound): the server could not find the requested resource', 1],
  ['kubectl get --raw /version', /"gitVersion": ?"v1\.33\.5"/],
  ['kubectl get deployment web --subresource=scale', /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +2 +\d+s$/],
  ['kubectl get deployment web --subresource=status -o name', 'deployment.apps/web'],
  ['timeout 20 kubectl get cm alpha --watch --request-timeout=2s 2>/dev/null', /^NAME +DATA +AGE\nalpha +0 +\S+$/],
  ['timeout 20 kubectl get cm alpha --watch-only --output-watch-events --request-timeout=1s 2>/dev/null', ''],
  [
    'kubectl get events --field-selector=reason=ScalingReplicaSet',
    /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +ScalingReplicaSet +deployment\/web +Scaled up replica set web-\S+ from 0 to 2$/,
  ],
  [
    'kubectl events --for=deployment/web',
    /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +ScalingReplicaSet +Deployment\/web +Scaled up replica set web-\S+ from 0 to 2$/,
  ],
  ['kubectl events --types=Warning --for=deployment/web', 'No events found in get namespace.'],
  // Describe.
  [
    'kubectl describe deployment web',
    /^Name: +web\nNamespace: +get\n[^]*Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable\nStrategyType: +RollingUpdate[^]*\nNewReplicaSet: +web-\S+ \(2\/2 replicas created\)\nEvents:[^]*ScalingReplicaSet/,
  ],
  [
    'kubectl describe pod -l app=web',
    /^Name: +web-\S+\nNamespace: +get\nPriority: +0\nService Account: +default\nNode: +aks-nodepool1[^]*\nControlled By: +ReplicaSet\/web-[^]*\n {4}Port: +8080\/TCP \(http\)[^]*\n {4}Environment:\n {6}COLOR: +red\n[^]*\nQoS Class: +BestEffort\n[^]*\n {2}Normal +Scheduled +\S+ .*Successfully assigned get\/web-/,
  ],
  ['kubectl describe rs', /\nPods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed\n/],
  [
    'kubectl describe service web',
    /^Name: +web\n[^]*\nSelector: +app=web\nType: +ClusterIP\n[^]*\nPort: +http +80\/TCP\nTargetPort: +8080\/TCP\nEndpoints: +[\d.]+:8080/,
  ],
  ['kubectl describe cm one', /^Name: +one\nNamespace: +get\n[^]*Data\n====\na:\n----\n1\n/],
  ['kubectl describe quota', 'No resources found in get namespace.'],
  [
    'kubectl describe node',
    /^Name: +aks-nodepool1-[^]*Conditions:\n[^]*Ready +True[^]*Non-terminated Pods: +\(\d+ in total\)[^]*Allocated resources:/,
  ],
  ['kubectl describe namespace get', /^Name: +get\nLabels: +kubernetes.io\/metadata.name=get\n[^]*Status: +Active/],
  ['kubectl describe sa default', /^Name: +default\nNamespace: +get\n/],
  ['kubectl describe clusterrole view | head -1', /^Name: +view$/],
  ['kubectl describe cm on', /^Name: +one\n/],
  ['kubectl describe cm nothing', 'Error from server (NotFound): configmaps "nothing" not found', 1],
  // Explain.
  [
    'kubectl explain pods.spec.containers.livenessProbe.httpGet.port',
    /^KIND: +Pod\nVERSION: +v1\n\nFIELD: port <IntOrString>/,
  ],
  ['kubectl explain deployment --recursive | grep -c maxSurge', '1'],
  [
    'kubectl explain job.spec.completions --api-version=batch/v1 | head -3',
    /^GROUP: +batch\nKIND: +Job\nVERSION: +v1$/,
  ],
  ['kubectl explain pod.spec.colour', 'KIND:       Pod\nVERSION:    v1\n\nerror: field "colour" does not exist', 1],
  ['kubectl explain colour', 'the server doesn\'t have a resource type "colour"', 1],
]);
