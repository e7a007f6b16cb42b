import { isRecord, recordOf, recordsOf, textOf, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import {
  choiceIssues,
  duplicateIssue,
  forbiddenIssue,
  invalidIssue,
  negativeIssues,
  portIssues,
  requiredIssue,
} from './field-issues.ts';
import { portNameProblems } from './names.ts';
import { quantityValue } from '../../quantity.ts';

// What kube-apiserver refuses of a container beside its name, image, mounts and variables: its ports, resources, probes,
// hooks and security (pkg/apis/core/validation, whose texts these are).

/** What of these is wrong with a container at `path`; init containers have no probes and hooks unless they are sidecars. */
export function containerPartIssues(path: string, container: JsonRecord, isInit: boolean): FieldIssue[] {
  return [
    ...portListIssues(`${path}.ports`, recordsOf(container['ports'])),
    ...resourceIssues(`${path}.resources`, recordOf(container['resources'])),
    ...lifetimeIssues(path, container, isInit),
    ...securityIssues(`${path}.securityContext`, container['securityContext']),
    ...choiceIssues(`${path}.terminationMessagePolicy`, container['terminationMessagePolicy'], [
      'File',
      'FallbackToLogsOnError',
    ]),
  ];
}

/** On the node's network a port that a pod asks of the node is the container's own (validateHostNetwork). */
export function hostNetworkIssues(path: string, spec: JsonRecord): FieldIssue[] {
  if (spec['hostNetwork'] !== true) return [];
  return recordsOf(spec['containers']).flatMap(({ ports }, at) =>
    recordsOf(ports).flatMap(({ containerPort, hostPort }, index) =>
      hostPort && hostPort !== containerPort
        ? [
            invalidIssue(
              `${path}.containers[${at}].ports[${index}].hostPort`,
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ]
        : [],
    ),
  );
}

function portListIssues(path: string, ports: readonly JsonRecord[]): FieldIssue[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${path}[${index}]`;
    const text = textOf(name);
    const isTwice = text !== '' && names.has(text);
    names.add(text);
    return [
      ...(text === '' ? [] : portNameProblems(text).map((why) => invalidIssue(`${at}.name`, text, why))),
      ...(isTwice ? [duplicateIssue(`${at}.name`, text)] : []),
      ...(containerPort ? portIssues(`${at}.containerPort`, containerPort) : [requiredIssue(`${at}.containerPort`)]),
      ...(hostPort ? portIssues(`${at}.hostPort`, hostPort) : []),
      ...choiceIssues(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}

function resourceIssues(path: string, { limits, requests }: JsonRecord): FieldIssue[] {
  const below = (field: string, list: unknown) =>
    Object.entries(recordOf(list)).flatMap(([name, value]) =>
      quantityValue(value) < 0
        ? [invalidIssue(`${path}.${field}[${name}]`, value, 'must be greater than or equal to 0')]
        : [],
    );
  const above = Object.entries(recordOf(requests)).flatMap(([name, request]) => {
    const limit = recordOf(limits)[name];
    if (limit === undefined || quantityValue(request) <= quantityValue(limit)) return [];
    return [
      invalidIssue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${textOf(limit)}`),
    ];
  });
  return [...below('limits', limits), ...below('requests', requests), ...above];
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

function lifetimeIssues(path: string, container: JsonRecord, isInit: boolean): FieldIssue[] {
  const policy = container['restartPolicy'];
  const lasts = !isInit || policy === 'Always';
  const lifecycle = recordOf(container['lifecycle']);
  const policyIssues = isInit
    ? choiceIssues(`${path}.restartPolicy`, policy, ['Always'])
    : policy === undefined
      ? []
      : [forbiddenIssue(`${path}.restartPolicy`, 'may not be set for non-init containers')];
  if (!lasts) {
    return ['lifecycle', ...PROBES]
      .filter((field) => isRecord(container[field]))
      .map((field) =>
        forbiddenIssue(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
      )
      .concat(policyIssues);
  }
  return [
    ...policyIssues,
    ...['postStart', 'preStop'].flatMap((hook) =>
      isRecord(lifecycle[hook]) ? handlerIssues(`${path}.lifecycle.${hook}`, lifecycle[hook]) : [],
    ),
    ...PROBES.flatMap((field) => {
      const probe = container[field];
      return isRecord(probe) ? probeIssues(`${path}.${field}`, probe, field !== 'readinessProbe') : [];
    }),
  ];
}

const PROBE_NUMBERS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

function probeIssues(path: string, probe: JsonRecord, succeedsOnce: boolean): FieldIssue[] {
  return [
    ...handlerIssues(path, probe),
    ...PROBE_NUMBERS.flatMap((field) => negativeIssues(`${path}.${field}`, probe[field])),
    ...(succeedsOnce && (probe['successThreshold'] ?? 1) !== 1
      ? [invalidIssue(`${path}.successThreshold`, probe['successThreshold'], 'must be 1')]
      : []),
  ];
}

/** What a probe or hook does: exactly one thing (validateHandler). */
function handlerIssues(path: string, handler: JsonRecord): FieldIssue[] {
  const [first, ...more] = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'].filter((kind) => isRecord(handler[kind]));
  if (first === undefined) return [requiredIssue(path, 'must specify a handler type')];
  const extra = more.map((kind) => forbiddenIssue(`${path}.${kind}`, 'may not specify more than 1 handler type'));
  return [...actionIssues(`${path}.${first}`, first, recordOf(handler[first])), ...extra];
}

function actionIssues(path: string, kind: string, action: JsonRecord): FieldIssue[] {
  if (kind === 'exec') return recordLength(action['command']) === 0 ? [requiredIssue(`${path}.command`)] : [];
  if (kind === 'sleep') return negativeIssues(`${path}.seconds`, action['seconds']);
  const { port } = action;
  const wrongPort =
    typeof port === 'string'
      ? portNameProblems(port).map((why) => invalidIssue(`${path}.port`, port, why))
      : portIssues(`${path}.port`, port ?? 0);
  return kind === 'httpGet'
    ? [...wrongPort, ...choiceIssues(`${path}.scheme`, action['scheme'], ['HTTP', 'HTTPS'])]
    : wrongPort;
}

function recordLength(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

const MAX_ID = 2_147_483_647;

/** User and group ids of a security context, which a pod's has, too. */
function identityIssues(path: string, context: unknown): FieldIssue[] {
  return ['runAsUser', 'runAsGroup', 'fsGroup'].flatMap((field) => {
    const id = recordOf(context)[field];
    return typeof id === 'number' && (id < 0 || id > MAX_ID)
      ? [invalidIssue(`${path}.${field}`, id, `must be between 0 and ${MAX_ID}, inclusive`)]
      : [];
  });
}

/** What is wrong with the security of the pod as a whole, in a spec at `path`. */
export function podSecurityIssues(path: string, spec: JsonRecord): FieldIssue[] {
  const at = `${path}.securityContext`;
  const context = recordOf(spec['securityContext']);
  return [
    ...identityIssues(at, context),
    ...choiceIssues(`${at}.fsGroupChangePolicy`, context['fsGroupChangePolicy'], ['Always', 'OnRootMismatch']),
    ...seccompIssues(`${at}.seccompProfile`, context['seccompProfile']),
    ...(spec['hostPID'] === true && spec['shareProcessNamespace'] === true
      ? [invalidIssue(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled')]
      : []),
  ];
}

function seccompIssues(path: string, profile: unknown): FieldIssue[] {
  if (!isRecord(profile)) return [];
  const { type, localhostProfile } = profile;
  return [
    ...choiceIssues(`${path}.type`, type ?? '', ['Localhost', 'RuntimeDefault', 'Unconfined']),
    ...(type === 'Localhost' && !localhostProfile
      ? [requiredIssue(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')]
      : []),
  ];
}

function securityIssues(path: string, context: unknown): FieldIssue[] {
  const { privileged, allowPrivilegeEscalation } = recordOf(context);
  return [
    ...identityIssues(path, context),
    ...seccompIssues(`${path}.seccompProfile`, recordOf(context)['seccompProfile']),
    ...(privileged === true && allowPrivilegeEscalation === false
      ? [invalidIssue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')]
      : []),
  ];
}
