import { table } from '../../support/lines.ts';

/** The cluster itself: who may do what, what it serves, what it is. */
export const cluster = table('cluster', [
  ['kubectl create sa robot', 'serviceaccount/robot created'],
  [
    'kubectl create role pods --verb=get,list,watch --resource=pods,pods/log',
    'role.rbac.authorization.k8s.io/pods created',
  ],
  [
    'kubectl create rolebinding pods --role=pods --serviceaccount=cluster:robot',
    'rolebinding.rbac.authorization.k8s.io/pods created',
  ],
  ['kubectl auth can-i create deployments', 'yes'],
  [`kubectl auth can-i '*' '*'`, 'yes'],
  ['kubectl auth can-i list pods --as=system:serviceaccount:cluster:robot', 'yes'],
  ['kubectl auth can-i get pods --subresource=log --as=system:serviceaccount:cluster:robot', 'yes'],
  ['kubectl auth can-i delete pods --as=system:serviceaccount:cluster:robot', 'no', 1],
  ['kubectl auth can-i list pods -A --as=system:serviceaccount:cluster:robot', 'no', 1],
  [
    'kubectl auth can-i list nodes --as=system:serviceaccount:cluster:robot',
    /^Warning: resource 'nodes' is not namespace scoped\n\nno$/,
    1,
  ],
  ['kubectl auth can-i get /version --as=system:serviceaccount:cluster:robot', 'yes'],
  ['kubectl auth can-i get /metrics --as=jane', 'no', 1],
  ['kubectl auth can-i get things', /^Warning: the server doesn't have a resource type 'things'\n\n(yes|no)$/],
  [
    'kubectl auth can-i --list --as=system:serviceaccount:cluster:robot',
    /^Resources +Non-Resource URLs +Resource Names +Verbs\n[^]*pods +\[\] +\[\] +\[get list watch\]/,
  ],
  ['kubectl auth whoami -o jsonpath={.status.userInfo.groups}', /"system:authenticated"/],
  [
    'kubectl auth whoami --as=jane --as-group=devs',
    /^ATTRIBUTE +VALUE\nUsername +jane\nGroups +\[devs system:authenticated\]$/,
  ],
  [
    'kubectl auth reconcile -f role.yaml',
    /^role.rbac.authorization.k8s.io\/reconciled reconciled\n\treconciliation required create\n\tmissing rules added:\n/,
  ],
  ['kubectl auth reconcile -f role.yaml', 'role.rbac.authorization.k8s.io/reconciled reconciled'],
  [
    'kubectl get secrets --as=system:serviceaccount:cluster:robot',
    'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:cluster:robot" cannot list resource "secrets" in API group "" in the namespace "cluster"',
    1,
  ],
  [
    'kubectl --token=nonsense --kubeconfig=/dev/null --server=$(kubectl config view --minify -o jsonpath={.clusters[0].cluster.server}) --insecure-skip-tls-verify get pods',
    'error: You must be logged in to the server (Unauthorized)',
    1,
  ],
  [
    'kubectl --token=$(kubectl create token robot) --kubeconfig=/dev/null --server=$(kubectl config view --minify -o jsonpath={.clusters[0].cluster.server}) --insecure-skip-tls-verify auth whoami -o jsonpath={.status.userInfo.username}',
    'system:serviceaccount:cluster:robot',
  ],
  [
    'kubectl api-resources --no-headers | grep -E "^(pods|deployments|cronjobs|networkpolicies) "',
    /^pods +po +v1 +true +Pod\ndeployments +deploy +apps\/v1 +true +Deployment\ncronjobs +cj +batch\/v1 +true +CronJob\nnetworkpolicies +netpol +networking.k8s.io\/v1 +true +NetworkPolicy$/,
  ],
  ['kubectl api-resources --api-group=batch -o name', 'cronjobs.batch\njobs.batch'],
  ['kubectl api-resources --namespaced=false --verbs=list -o name | grep -x nodes', 'nodes'],
  ['kubectl api-resources --categories=all -o name | grep -x pods', 'pods'],
  [
    'kubectl api-resources -o wide --api-group=apps | grep ^deployments',
    /Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/,
  ],
  ['kubectl api-versions', /^[^]*apps\/v1\n[^]*batch\/v1\n[^]*rbac.authorization.k8s.io\/v1\n[^]*\nv1$/],
  ['kubectl version -o json | grep -c gitVersion', '2'],
  ['kubectl version', /^Client Version: v1\.34\.\d+\nKustomize Version: v\S+\nServer Version: v1\.33\.5$/],
  [
    `kubectl cluster-info | sed 's/\\x1b\\[[0-9;]*m//g'`,
    /^Kubernetes control plane is running at https:\/\/\S+\n\nTo further debug/,
  ],
  ['kubectl cluster-info dump --namespaces=cluster | grep -c \'"kind": "\'', /^\d+$/],
  [
    'kubectl cluster-info dump --namespaces=cluster --output-directory=dump && test -s dump/nodes.json && ls dump/cluster | head -3',
    /^Cluster info dumped to dump\nd/,
  ],
  [
    'kubectl get ns',
    /^NAME +STATUS +AGE\n[^]*default +Active +\S+\n[^]*kube-node-lease +Active[^]*kube-public +Active[^]*kube-system +Active/,
  ],
  ['kubectl get svc kubernetes -n default --no-headers', /^kubernetes +ClusterIP +10\.\S+ +<none> +443\/TCP/],
  [
    'kubectl get priorityclass -o name',
    'priorityclass.scheduling.k8s.io/system-cluster-critical\npriorityclass.scheduling.k8s.io/system-node-critical',
  ],
  ['kubectl get lease -n kube-node-lease', /^NAME +HOLDER +AGE\naks-nodepool1-\S+ +aks-nodepool1-/],
  [
    'kubectl get csidriver',
    /^NAME +ATTACHREQUIRED +PODINFOONMOUNT +STORAGECAPACITY +TOKENREQUESTS +REQUIRESREPUBLISH +MODES +AGE\n[^]*secrets-store.csi.k8s.io +false +true /,
  ],
  ['kubectl config current-context', 'c'],
  ['kubectl config get-contexts -o name', 'c'],
  ['kubectl config view --minify -o jsonpath={.contexts[0].context.namespace}', 'cluster'],
  ['kubectl config view | grep -cE "DATA.OMITTED"', '3'],
  [
    'kubectl certificate approve jane',
    'error: the server doesn\'t have a resource type "certificatesigningrequests"',
    1,
  ],
]);
