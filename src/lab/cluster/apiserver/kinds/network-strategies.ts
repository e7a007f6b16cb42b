import { isRecord, listOf, recordOf, recordsOf, textOf, textsOf, valueAt, type JsonRecord } from '../json.ts';
import type { FieldIssue } from '../status-errors.ts';
import { choiceIssues, forbiddenIssue, invalidIssue, portIssues, requiredIssue } from './field-issues.ts';
import type { Strategy } from './kind.ts';
import { subdomainIssue } from './names.ts';

/** NetworkPolicies: stored, never enforced. They are for ingress, and for egress where they have such rules. */
export const networkPolicyStrategy: Strategy = {
  defaults: (object) => {
    const spec = recordOf(object['spec']);
    const egress = listOf(spec['egress']).length > 0;
    const types = listOf(spec['policyTypes']);
    return {
      ...object,
      spec: {
        ...spec,
        podSelector: spec['podSelector'] ?? {},
        policyTypes: types.length > 0 ? types : egress ? ['Ingress', 'Egress'] : ['Ingress'],
        ...withRules(spec, 'ingress'),
        ...withRules(spec, 'egress'),
      },
    };
  },
  validate: (object) => {
    const spec = recordOf(object['spec']);
    return [
      ...textsOf(spec['policyTypes']).flatMap((type, index) =>
        choiceIssues(`spec.policyTypes[${index}]`, type, ['Egress', 'Ingress']),
      ),
      ...peerIssues('spec.ingress', spec['ingress'], 'from'),
      ...peerIssues('spec.egress', spec['egress'], 'to'),
    ];
  },
};

/** Ingresses: stored. Each path leads to a service's port or to another resource. */
export const ingressStrategy: Strategy = {
  prepareForCreate: (object) => ({ ...object, status: { loadBalancer: {} } }),
  validate: (object) => {
    const spec = recordOf(object['spec']);
    const rules = recordsOf(spec['rules']);
    const { defaultBackend } = spec;
    return [
      ...(rules.length === 0 && defaultBackend === undefined
        ? [invalidIssue('spec', rules, 'either `defaultBackend` or `rules` must be specified')]
        : []),
      ...(isRecord(defaultBackend) ? backendIssues('spec.defaultBackend', defaultBackend) : []),
      ...rules.flatMap((rule, index) => ruleIssues(`spec.rules[${index}]`, rule)),
    ];
  },
};

/** IngressClasses: parameters are of the whole cluster unless they say otherwise; the controller is fixed. */
export const ingressClassStrategy: Strategy = {
  defaults: (object) => {
    const parameters = valueAt(object, ['spec', 'parameters']);
    if (!isRecord(parameters)) return object;
    return { ...object, spec: { ...recordOf(object['spec']), parameters: { scope: 'Cluster', ...parameters } } };
  },
  validate: (object, old) => {
    const controller = textOf(valueAt(object, ['spec', 'controller']));
    if (controller === '') return [requiredIssue('spec.controller')];
    return old === undefined || valueAt(old, ['spec', 'controller']) === controller
      ? []
      : [invalidIssue('spec.controller', controller, 'field is immutable')];
  },
};

function withRules(spec: JsonRecord, direction: string): JsonRecord {
  if (!Array.isArray(spec[direction])) return {};
  const rules = recordsOf(spec[direction]).map((rule) =>
    Array.isArray(rule['ports'])
      ? { ...rule, ports: recordsOf(rule['ports']).map((port) => ({ ...port, protocol: port['protocol'] ?? 'TCP' })) }
      : rule,
  );
  return { [direction]: rules };
}

function peerIssues(path: string, rules: unknown, field: string): FieldIssue[] {
  return recordsOf(rules).flatMap((rule, ruleIndex) =>
    recordsOf(rule[field]).flatMap((peer, index): FieldIssue[] => {
      const at = `${path}[${ruleIndex}].${field}[${index}]`;
      const selects = peer['podSelector'] !== undefined || peer['namespaceSelector'] !== undefined;
      if (peer['ipBlock'] === undefined) return selects ? [] : [requiredIssue(at, 'must specify a peer')];
      return selects ? [forbiddenIssue(at, 'may not specify both ipBlock and another peer')] : [];
    }),
  );
}

function ruleIssues(path: string, rule: JsonRecord): FieldIssue[] {
  const host = textOf(rule['host']);
  const hostIssue = host === '' ? undefined : subdomainIssue(`${path}.host`, host.replace(/^\*\./, ''));
  const http = rule['http'];
  const paths = recordsOf(recordOf(http)['paths']);
  return [
    ...(hostIssue === undefined ? [] : [hostIssue]),
    ...(isRecord(http) && paths.length === 0 ? [requiredIssue(`${path}.http.paths`)] : []),
    ...paths.flatMap((item, index) => pathIssues(`${path}.http.paths[${index}]`, item)),
  ];
}

function pathIssues(field: string, item: JsonRecord): FieldIssue[] {
  const path = textOf(item['path']);
  const type = item['pathType'];
  if (type === undefined || type === '') return [requiredIssue(`${field}.pathType`, 'pathType must be specified')];
  const absolute = type === 'ImplementationSpecific' && path === '' ? true : path.startsWith('/');
  return [
    ...choiceIssues(`${field}.pathType`, type, ['Exact', 'ImplementationSpecific', 'Prefix']),
    ...(absolute ? [] : [invalidIssue(`${field}.path`, path, 'must be an absolute path')]),
    ...backendIssues(`${field}.backend`, recordOf(item['backend'])),
  ];
}

function backendIssues(field: string, backend: JsonRecord): FieldIssue[] {
  const { service, resource } = backend;
  if (isRecord(service) && resource !== undefined) {
    return [invalidIssue(field, '', 'cannot set both resource and service backends')];
  }
  if (!isRecord(service)) {
    return resource === undefined ? [invalidIssue(field, '', 'resource or service backend is required')] : [];
  }
  const { name, number } = recordOf(service['port']);
  return [
    ...(service['name'] ? [] : [requiredIssue(`${field}.service.name`)]),
    ...(name && number ? [invalidIssue(field, '', 'cannot set both port name & port number')] : []),
    ...(!name && !number ? [requiredIssue(field, 'port name or number is required')] : []),
    ...(number ? portIssues(`${field}.service.port.number`, number) : []),
  ];
}
