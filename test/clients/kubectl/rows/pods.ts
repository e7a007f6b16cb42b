import { table } from '../../support/lines.ts';

/** What is done with running pods: logs, exec, cp, attach, run, debug. */
export const pods = table('pods', [
  ['kubectl apply -f pod.yaml -f restarts.yaml', 'pod/app created\npod/restarts created'],
  [
    'kubectl wait --for=condition=Ready pod/app pod/restarts --timeout=30s',
    'pod/app condition met\npod/restarts condition met',
  ],
  // Logs.
  ['kubectl logs app', 'Defaulted container "main" out of: main, other, first (init)\none\ntwo\nthree'],
  ['kubectl logs app -c other', 'beside'],
  ['kubectl logs app -c first', 'prepared'],
  ['kubectl logs app --all-containers | sort', 'beside\none\nprepared\nthree\ntwo'],
  [
    'kubectl logs app --all-containers --prefix | sort',
    '[pod/app/first] prepared\n[pod/app/main] one\n[pod/app/main] three\n[pod/app/main] two\n[pod/app/other] beside',
  ],
  ['kubectl logs -l app=app --all-containers | sort', 'beside\none\nprepared\nthree\ntwo'],
  ['kubectl logs app -c main --tail=1', 'three'],
  ['kubectl logs app -c main --timestamps', /^(\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) (one|two|three)\n?){3}$/],
  ['kubectl logs app -c main --since=1h --limit-bytes=5', 'one\nt'],
  ['kubectl logs app -c main --since-time=2099-01-01T00:00:00Z', ''],
  ['kubectl logs app -c none', 'error: container none is not valid for pod app', 1],
  ['kubectl logs none', 'error: error from server (NotFound): pods "none" not found in namespace "pods"', 1],
  ['kubectl logs restarts', 'second run'],
  ['kubectl logs restarts --previous', 'first run'],
  [
    'kubectl logs app -c main --previous',
    /^Error from server \(BadRequest\): previous terminated container "main" in pod "app" not found$/,
    1,
  ],
  ['kubectl get pod restarts --no-headers', /^restarts +1\/1 +Running +1 \(\S+ ago\) +\S+$/],
  [
    `kubectl get pod restarts -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode} {.status.containerStatuses[0].lastState.terminated.reason}'`,
    '7 Error',
  ],
  // Exec.
  ['kubectl exec app -c main -- echo hello', 'hello'],
  ['kubectl exec app -- hostname', 'Defaulted container "main" out of: main, other, first (init)\napp'],
  ['kubectl exec app -c main -- sh -c "exit 3"', 'command terminated with exit code 3', 3],
  ['kubectl exec app -c main -- sh -c "echo out; echo err >&2" 2>/dev/null', 'out'],
  ['echo piped | kubectl exec -i app -c main -- cat', 'piped'],
  ['head -c 3000000 /dev/zero | kubectl exec -i app -c main -- wc -c', '3000000'],
  ['kubectl exec app -c main -- head -c 3000000 /dev/zero | wc -c', '3000000'],
  [
    'kubectl exec pod/app -c none -- true',
    /^Error from server \(BadRequest\): container none is not valid for pod app$|^error: container none not found in pod app$/,
    1,
  ],
  [
    'kubectl exec app -c main -- no-such-program',
    /^error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "no-such-program": executable file not found in \$PATH: unknown$/,
    1,
  ],
  ['kubectl exec none -- true', 'Error from server (NotFound): pods "none" not found', 1],
  ['kubectl exec app -c main', 'error: you must specify at least one command for the container', 1],
  // Files.
  ['kubectl cp one.yaml app:/tmp/copied.yaml -c main', ''],
  ['kubectl exec app -c main -- cat /tmp/copied.yaml | cmp - one.yaml', ''],
  ['kubectl cp app:/tmp/copied.yaml back.yaml -c main && cmp one.yaml back.yaml', /^(tar: Removing leading .*)?$/],
  ['kubectl cp folder pods/app:/tmp/folder -c main && kubectl exec app -c main -- ls /tmp/folder', 'a.yaml\nb.json'],
  ['kubectl cp app:/tmp/folder back -c main >/dev/null && diff -r folder back', /^(tar: Removing leading .*)?$/],
  // kubectl may end before it hears that tar failed: its exit code says nothing.
  ['kubectl cp app:/tmp/none none -c main || true', /tar: \/?tmp\/none: (Cannot stat: )?No such file or directory/],
  // Run and attach.
  ['kubectl run short --image=busybox --restart=Never --attach --quiet -- sh -c "sleep 1; echo ran"', 'ran'],
  ['kubectl run gone --image=busybox --restart=Never --rm --attach --quiet -- sh -c "sleep 1; echo ran"', /^ran$/],
  ['kubectl get pod gone', 'Error from server (NotFound): pods "gone" not found', 1],
  [
    'kubectl run ends --image=busybox --restart=Never --rm --attach --quiet -- sh -c "sleep 1; exit 4"',
    /pod pods\/ends terminated \(Error\)/,
    4,
  ],
  [
    `kubectl run web --image=nginx --port=8080 --labels=app=web,tier=front --env=A=b --dry-run=client -o jsonpath='{.spec.containers[0].ports[0].containerPort} {.metadata.labels} {.spec.containers[0].env}'`,
    '8080 {"app":"web","tier":"front"} [{"name":"A","value":"b"}]',
  ],
  ['kubectl run exposed --image=nginx --port=8080 --expose', 'service/exposed created\npod/exposed created'],
  ['kubectl run talks --image=busybox -- sh -c "while sleep 1; do echo tick; done"', 'pod/talks created'],
  ['kubectl wait --for=condition=Ready pod/talks --timeout=30s', 'pod/talks condition met'],
  ['timeout 5 kubectl attach talks | head -1', /tick/],
  ['timeout 20 kubectl logs -f talks | head -2', 'tick\ntick'],
  ['kubectl delete pod talks --grace-period=1', 'pod "talks" deleted from pods namespace'],
  ['kubectl attach none', 'Error from server (NotFound): pods "none" not found', 1],
  // Debug.
  [
    'kubectl debug app --image=busybox --profile=general',
    /^error: ephemeral containers are disabled for this cluster/m,
    1,
  ],
  [
    'kubectl debug app --image=busybox --profile=general --copy-to=app-copy --container=main -- sh -c "echo copied; exec sleep 3600"',
    '',
  ],
  [
    'kubectl wait --for=condition=Ready pod/app-copy --timeout=30s && kubectl logs app-copy -c main',
    'pod/app-copy condition met\ncopied',
  ],
  ['kubectl top pod', 'error: Metrics API not available', 1],
  ['kubectl top node', 'error: Metrics API not available', 1],
  [`kubectl patch pod app -p '{"spec":{"containers":[{"name":"main","image":"busybox:1.36"}]}}'`, 'pod/app patched'],
  [
    `kubectl patch pod app -p '{"spec":{"terminationGracePeriodSeconds":60}}'`,
    /^The Pod "app" is invalid: ?[^]*spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/,
    1,
  ],
  [
    'kubectl describe pod restarts',
    /\n {4}Last State: +Terminated\n {6}Reason: +Error\n {6}Exit Code: +7\n[^]*\n {4}Restart Count: +1\n/,
  ],
]);
