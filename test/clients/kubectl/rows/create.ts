import { table } from '../../support/lines.ts';

/** `kubectl create` by its generators: what each makes. */
export const create = table('create', [
  ['kubectl create namespace made-here', 'namespace/made-here created'],
  ['kubectl create namespace made-here', /\(AlreadyExists\): namespaces "made-here" already exists$/, 1],
  ['kubectl create deployment web --image=nginx --replicas=2 --port=8080', 'deployment.apps/web created'],
  [
    `kubectl get deployment web -o jsonpath='{.spec.replicas} {.spec.template.spec.containers[0].name} {.spec.template.spec.containers[0].ports[0]}'`,
    '2 nginx {"containerPort":8080,"protocol":"TCP"}',
  ],
  [
    'kubectl create deployment two --image=busybox --image=nginx --dry-run=client -o jsonpath={.spec.template.spec.containers[*].name}',
    'busybox nginx',
  ],
  ['kubectl create job once --image=busybox -- sh -c "echo done"', 'job.batch/once created'],
  ['kubectl wait --for=condition=complete job/once --timeout=30s', 'job.batch/once condition met'],
  ['kubectl logs job/once', 'done'],
  [
    `kubectl create cronjob nightly --image=busybox --schedule='0 3 * * *' -- sh -c 'echo night'`,
    'cronjob.batch/nightly created',
  ],
  ['kubectl create job by-hand --from=cronjob/nightly', 'job.batch/by-hand created'],
  ['kubectl wait --for=condition=complete job/by-hand --timeout=30s', 'job.batch/by-hand condition met'],
  ['kubectl logs job/by-hand', 'night'],
  [
    `kubectl get job by-hand -o jsonpath='{.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate} {.metadata.ownerReferences[0].name}'`,
    'manual nightly',
  ],
  [
    'kubectl create cronjob odd --image=busybox --schedule=every-day',
    /CronJob.batch "odd" is invalid: spec.schedule: Invalid value: "every-day"/,
    1,
  ],
  ['kubectl create configmap settings --from-literal=color=red --from-file=index.html', 'configmap/settings created'],
  ['kubectl get configmap settings -o jsonpath={.data.color},{.data.index\\\\.html}', 'red,<p>hello</p>'],
  ['kubectl create configmap from-env --from-env-file=settings.env', 'configmap/from-env created'],
  ['kubectl get configmap from-env -o jsonpath={.data}', '{"COLOR":"blue","SIZE":"3"}'],
  [
    'head -c 64 /dev/zero >zeros && kubectl create configmap bytes --from-file=zeros=zeros --from-file=raw=/bin/true',
    'configmap/bytes created',
  ],
  [`kubectl get configmap bytes -o jsonpath='{.binaryData.raw}' | base64 -d | cmp - /bin/true`, ''],
  ['kubectl create secret generic keys --from-literal=password=hunter2', 'secret/keys created'],
  ['kubectl get secret keys -o jsonpath={.data.password} | base64 -d', 'hunter2'],
  [
    'openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -subj /CN=x 2>/dev/null && kubectl create secret tls serving --cert=tls.crt --key=tls.key',
    'secret/serving created',
  ],
  ['kubectl get secret serving -o jsonpath={.type}', 'kubernetes.io/tls'],
  [
    'kubectl create secret docker-registry pull --docker-server=registry.example.com --docker-username=me --docker-password=pw',
    'secret/pull created',
  ],
  [
    `kubectl get secret pull -o go-template='{{.type}} {{index .data ".dockerconfigjson" | base64decode}}'`,
    'kubernetes.io/dockerconfigjson {"auths":{"registry.example.com":{"username":"me","password":"pw","auth":"bWU6cHc="}}}',
  ],
  ['kubectl create serviceaccount robot', 'serviceaccount/robot created'],
  [
    'kubectl create role reader --verb=get,list --resource=pods,pods/log',
    'role.rbac.authorization.k8s.io/reader created',
  ],
  [
    'kubectl create rolebinding reader --role=reader --serviceaccount=create:robot',
    'rolebinding.rbac.authorization.k8s.io/reader created',
  ],
  [
    'kubectl create clusterrole nodes-reader --verb=get --resource=nodes',
    'clusterrole.rbac.authorization.k8s.io/nodes-reader created',
  ],
  ['kubectl create clusterrole sums --aggregation-rule=sums=yes', 'clusterrole.rbac.authorization.k8s.io/sums created'],
  [
    'kubectl create clusterrolebinding nodes-reader --clusterrole=nodes-reader --user=jane',
    'clusterrolebinding.rbac.authorization.k8s.io/nodes-reader created',
  ],
  ['kubectl create quota small --hard=pods=20,configmaps=50', 'resourcequota/small created'],
  ['kubectl get quota small -o jsonpath={.spec.hard}', '{"configmaps":"50","pods":"20"}'],
  ['kubectl create service clusterip web --tcp=80:8080', 'service/web created'],
  [
    `kubectl get service web -o jsonpath='{.spec.type} {.spec.selector} {.spec.ports[0].targetPort}'`,
    'ClusterIP {"app":"web"} 8080',
  ],
  ['kubectl create service nodeport open --tcp=80 --node-port=30080', 'service/open created'],
  [
    'kubectl get service open',
    /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nopen +NodePort +10\.\d+\.\d+\.\d+ +<none> +80:30080\/TCP /,
  ],
  ['kubectl create service externalname far --external-name=example.com', 'service/far created'],
  ['kubectl create service clusterip headless --clusterip=None', 'service/headless created'],
  [
    'kubectl get service far headless --no-headers',
    /^far +ExternalName +<none> +example.com +<none> .*\nheadless +ClusterIP +None +<none> +<none> /,
  ],
  ['kubectl create service loadbalancer lb --tcp=80', 'service/lb created'],
  ['kubectl get service lb --no-headers', /^lb +LoadBalancer +10\.\S+ +<pending> +80:3\d{4}\/TCP/],
  [
    `kubectl create ingress web --class=nginx --rule='shop.example.com/cart*=web:80,tls=serving'`,
    'ingress.networking.k8s.io/web created',
  ],
  ['kubectl get ingress web', /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\nweb +nginx +shop.example.com +80, 443 /],
  [
    'kubectl create poddisruptionbudget web --selector=app=web --min-available=1',
    'poddisruptionbudget.policy/web created',
  ],
  ['kubectl get pdb web', /^NAME +MIN AVAILABLE +MAX UNAVAILABLE +ALLOWED DISRUPTIONS +AGE\nweb +1 +N\/A /],
  [
    'kubectl create priorityclass high --value=1000 --description=important',
    'priorityclass.scheduling.k8s.io/high created',
  ],
  [
    'kubectl get priorityclass high -o wide',
    /^NAME +VALUE +GLOBAL-DEFAULT +AGE +PREEMPTIONPOLICY\nhigh +1000 +false +\S+ +PreemptLowerPriority$/,
  ],
  ['kubectl create token robot | ./claims', /"sub":"system:serviceaccount:create:robot"/],
  [
    'kubectl create token robot --audience=https://example.com --duration=20m | ./claims',
    /"aud":\["https:\/\/example.com"\]/,
  ],
  [
    'kubectl create token robot --bound-object-kind=Secret --bound-object-name=keys | ./claims',
    /"secret":\{"name":"keys","uid":/,
  ],
  [
    'kubectl create token robot --duration=1s',
    'error: failed to create token: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
    1,
  ],
  ['kubectl create token nobody', 'error: failed to create token: serviceaccounts "nobody" not found', 1],
  ['kubectl create -f one.yaml -o name', 'configmap/one'],
  [
    'kubectl create -f one.yaml',
    'Error from server (AlreadyExists): error when creating "one.yaml": configmaps "one" already exists',
    1,
  ],
  [
    'kubectl create configmap dry --from-literal=a=b --dry-run=client -o yaml',
    /^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\nmetadata:\n {2}name: dry$/,
  ],
  ['kubectl create configmap dry --from-literal=a=b --dry-run=server', 'configmap/dry created (server dry run)'],
  ['kubectl get configmap dry', 'Error from server (NotFound): configmaps "dry" not found', 1],
  [
    'kubectl create --raw /api/v1/namespaces/create/configmaps -f one-more.json | head -c 60',
    /^\{"kind":"ConfigMap","apiVersion":"v1"|^\{"apiVersion":"v1","kind":"ConfigMap"/,
  ],
  [
    'kubectl create deployment Bad_Name --image=nginx',
    /error: failed to create deployment: Deployment.apps "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
    1,
  ],
]);
