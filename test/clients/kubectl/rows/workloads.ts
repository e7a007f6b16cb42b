import { table } from '../../support/lines.ts';

/** Workloads: rollouts of each kind, waiting. */
export const workloads = table('workloads', [
  ['kubectl apply -f web.yaml', 'service/web created\ndeployment.apps/web created'],
  [
    'kubectl rollout status deployment/web --timeout=30s',
    /^Waiting for deployment "web" rollout to finish: \d of 2 updated replicas are available\.\.\.[^]*deployment "web" successfully rolled out$|^deployment "web" successfully rolled out$/,
  ],
  ['kubectl wait --for=condition=Available deployment/web --timeout=30s', 'deployment.apps/web condition met'],
  [
    'kubectl wait --for=jsonpath={.status.readyReplicas}=2 deployment/web --timeout=30s',
    'deployment.apps/web condition met',
  ],
  [
    `kubectl wait --for=jsonpath='{.status.replicas}' deployment/web --timeout=30s`,
    'deployment.apps/web condition met',
  ],
  [
    'kubectl wait --for=condition=Available=false deployment/web --timeout=1s',
    'error: timed out waiting for the condition on deployments/web',
    1,
  ],
  [
    'kubectl wait --for=condition=Ready pod -l app=web --timeout=30s',
    /^pod\/web-\S+ condition met\npod\/web-\S+ condition met$/,
  ],
  ['kubectl wait --for=condition=Ready pod -l app=none --timeout=1s', 'error: no matching resources found', 1],
  [
    '(sleep 1; kubectl create cm late >/dev/null) & kubectl wait --for=create cm/late --timeout=30s',
    'configmap/late condition met',
  ],
  [
    '(sleep 1; kubectl delete cm late >/dev/null) & kubectl wait --for=delete cm/late --timeout=30s; wait',
    'configmap/late condition met',
  ],
  ['kubectl set image deployment/web web=nginx:1.28', 'deployment.apps/web image updated'],
  ['kubectl annotate deployment/web kubernetes.io/change-cause="nginx 1.28"', 'deployment.apps/web annotated'],
  ['kubectl rollout status deployment/web --timeout=30s | tail -1', 'deployment "web" successfully rolled out'],
  [
    'kubectl rollout history deployment/web',
    /^deployment.apps\/web ?\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +nginx 1.28$/,
  ],
  [
    'kubectl rollout history deployment/web --revision=1',
    /^deployment.apps\/web with revision #1\nPod Template:\n[^]*Image:\tnginx:1.27\n/,
  ],
  ['kubectl rollout undo deployment/web', 'deployment.apps/web rolled back'],
  ['kubectl get deployment web -o jsonpath={.spec.template.spec.containers[0].image}', 'nginx:1.27'],
  ['kubectl rollout undo deployment/web --to-revision=2', 'deployment.apps/web rolled back'],
  ['kubectl rollout undo deployment/web --to-revision=9', 'error: unable to find specified revision 9 in history', 1],
  ['kubectl rollout status deployment/web --timeout=30s | tail -1', 'deployment "web" successfully rolled out'],
  ['kubectl rollout history deployment/web | tail -n +3 | cut -c1', '3\n4'],
  ['kubectl rollout restart deployment/web', 'deployment.apps/web restarted'],
  [
    'kubectl get deployment web -o go-template=\'{{index .spec.template.metadata.annotations "kubectl.kubernetes.io/restartedAt"}}\'',
    /^\d{4}-\d\d-\d\dT/,
  ],
  ['kubectl rollout pause deployment/web', 'deployment.apps/web paused'],
  ['kubectl rollout pause deployment/web', 'error: deployments.apps "web" is already paused', 1],
  [
    'kubectl rollout undo deployment/web',
    /^error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume( deployment\/web)?' and try again$/,
    1,
  ],
  ['kubectl rollout resume deployment/web', 'deployment.apps/web resumed'],
  ['kubectl rollout status deployment/web --timeout=30s | tail -1', 'deployment "web" successfully rolled out'],
  ['kubectl apply -f endless.yaml', 'deployment.apps/endless created'],
  [
    'kubectl rollout status deployment/endless --timeout=30s',
    /error: deployment "endless" exceeded its progress deadline$/,
    1,
  ],
  ['kubectl rollout status deployment/endless --watch=false --revision=1', /exceeded its progress deadline$/, 1],
  // DaemonSet.
  ['kubectl apply -f agent.yaml', 'daemonset.apps/agent created'],
  ['kubectl rollout status daemonset/agent --timeout=30s', /daemon set "agent" successfully rolled out$/],
  [
    'kubectl get daemonset',
    /^NAME +DESIRED +CURRENT +READY +UP-TO-DATE +AVAILABLE +NODE SELECTOR +AGE\nagent +1 +1 +1 +1 +1 +<none> +\S+$/,
  ],
  ['kubectl set env daemonset/agent LEVEL=debug', 'daemonset.apps/agent env updated'],
  ['kubectl rollout status daemonset/agent --timeout=30s | tail -1', 'daemon set "agent" successfully rolled out'],
  [
    'kubectl rollout history daemonset/agent',
    /^daemonset.apps\/agent ?\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>$/,
  ],
  ['kubectl rollout undo daemonset/agent', 'daemonset.apps/agent rolled back'],
  ['kubectl set env daemonset/agent --list', '# DaemonSet agent, container agent'],
  ['kubectl rollout restart daemonset/agent', 'daemonset.apps/agent restarted'],
  ['kubectl rollout status daemonset/agent --timeout=30s | tail -1', 'daemon set "agent" successfully rolled out'],
  [
    'kubectl describe daemonset agent',
    /\nDesired Number of Nodes Scheduled: 1\nCurrent Number of Nodes Scheduled: 1\n[^]*SuccessfulCreate/,
  ],
  // StatefulSet.
  ['kubectl apply -f db.yaml', 'service/db created\nstatefulset.apps/db created'],
  [
    'kubectl rollout status statefulset/db --timeout=30s | tail -1',
    /^partitioned roll out complete: 2 new pods have been updated\.\.\.$/,
  ],
  ['kubectl get statefulset', /^NAME +READY +AGE\ndb +2\/2 +\S+$/],
  ['kubectl get pods -l app=db -o name', 'pod/db-0\npod/db-1'],
  ['kubectl scale statefulset/db --replicas=1', 'statefulset.apps/db scaled'],
  ['kubectl wait --for=delete pod/db-1 --timeout=30s', /^(pod\/db-1 condition met)?$/],
  ['kubectl rollout restart statefulset/db', 'statefulset.apps/db restarted'],
  [
    'kubectl rollout status statefulset/db --timeout=30s | tail -1',
    /^partitioned roll out complete: 1 new pods have been updated\.\.\.$/,
  ],
  ['kubectl rollout history statefulset/db', /^statefulset.apps\/db ?\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>$/],
  ['kubectl rollout undo statefulset/db', 'statefulset.apps/db rolled back'],
  ['kubectl describe statefulset db', /\nReplicas: +1 desired \| 1 total\n/],
  // Job and CronJob.
  ['kubectl create job fails --image=busybox -- sh -c "echo no; exit 3"', 'job.batch/fails created'],
  [`kubectl patch job fails -p '{"spec":{"backoffLimit":0}}'`, 'job.batch/fails patched'],
  ['kubectl wait --for=condition=failed job/fails --timeout=30s', 'job.batch/fails condition met'],
  ['kubectl get job fails', /^NAME +STATUS +COMPLETIONS +DURATION +AGE\nfails +Failed +0\/1 +\S+ +\S+$/],
  [
    'kubectl describe job fails',
    /\nPods Statuses: +0 Active \(0 Ready\) \/ 0 Succeeded \/ \d Failed\n[^]*BackoffLimitExceeded +\S+ .*Job has reached the specified backoff limit/,
  ],
  ['kubectl create cronjob tick --image=busybox --schedule="*/5 * * * *" -- true', 'cronjob.batch/tick created'],
  [
    'kubectl get cronjob',
    /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\ntick +\*\/5 \* \* \* \* +<none> +False +0 +<none> +\S+$/,
  ],
  [`kubectl patch cronjob tick -p '{"spec":{"suspend":true}}'`, 'cronjob.batch/tick patched'],
  ['kubectl describe cronjob tick', /\nSchedule: +\*\/5 \* \* \* \*\nConcurrency Policy: +Allow\nSuspend: +True\n/],
]);
