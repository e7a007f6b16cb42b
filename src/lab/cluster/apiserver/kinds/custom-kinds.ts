import type { KubeObject } from '#kube';
import { textOf, isRecord, recordOf, type JsonRecord, recordsOf, textsOf } from '../json.ts';
import { customSchema, withSchemaDefaults } from '../schema/custom-schema.ts';
import { customIssues } from '../schema/custom-validation.ts';
import type { Collection } from '../storage/object-storage.ts';
import { ageOf, DEFAULT_COLUMNS, NAME_COLUMN } from './columns.ts';
import { evaluateJsonPath, parseJsonPath } from './json-path.ts';
import type { Column, Kind, ScalePaths, Strategy } from './kind.ts';

/** Where CustomResourceDefinitions are kept. */
export const CRD_COLLECTION: Collection = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

/** The kinds that a definition serves: one for each served version. */
export function kindsOfDefinition(definition: KubeObject): Kind[] {
  const spec = recordOf(definition['spec']);
  const names = recordOf(spec['names']);
  const group = String(spec['group']);
  const resource = String(names['plural']);
  const versions = recordsOf(spec['versions']);
  const storageVersion = textOf(versions.find((version) => version['storage'] === true)?.['name'], 'v1');
  const kindName = String(names['kind']);
  return versions
    .filter((version) => version['served'] === true)
    .map((version): Kind => {
      const openapi = recordOf(version['schema'])['openAPIV3Schema'];
      const subresources = recordOf(version['subresources']);
      return {
        group,
        version: String(version['name']),
        resource,
        singular: textOf(names['singular'], kindName.toLowerCase()),
        kind: kindName,
        listKind: textOf(names['listKind'], `${kindName}List`),
        shortNames: textsOf(names['shortNames']),
        categories: textsOf(names['categories']),
        namespaced: spec['scope'] !== 'Cluster',
        subresources: [
          ...(isRecord(subresources['status']) ? (['status'] as const) : []),
          ...(isRecord(subresources['scale']) ? (['scale'] as const) : []),
        ],
        ...(isRecord(subresources['scale']) ? { scale: scalePaths(subresources['scale']) } : {}),
        ...(version['deprecated'] === true
          ? {
              deprecation: textOf(
                version['deprecationWarning'],
                `${group}/${String(version['name'])} ${kindName} is deprecated`,
              ),
            }
          : {}),
        schema: customSchema(openapi),
        openapi: isRecord(openapi) ? openapi : undefined,
        columns: columnsOf(version),
        selectableFields: recordsOf(version['selectableFields']).map((field) =>
          String(field['jsonPath']).replace(/^\./, ''),
        ),
        names: 'subdomain',
        countsGenerations: true,
        strategy: isRecord(openapi) ? strategyOf(openapi) : {},
        collection: { group, resource },
        storageVersion,
      };
    });
}

function scalePaths(scale: JsonRecord): ScalePaths {
  const path = (field: string) =>
    textOf(scale[field])
      .split('.')
      .filter((step) => step !== '');
  const labelSelector = path('labelSelectorPath');
  return {
    specReplicas: path('specReplicasPath'),
    statusReplicas: path('statusReplicasPath'),
    ...(labelSelector.length === 0 ? {} : { labelSelector }),
  };
}

function strategyOf(openapi: JsonRecord): Strategy {
  return {
    defaults: (object) => withSchemaDefaults(openapi, object) as KubeObject,
    validate: (object) => customIssues(openapi, object),
  };
}

function columnsOf(version: JsonRecord): readonly Column[] {
  const own = recordsOf(version['additionalPrinterColumns']);
  if (own.length === 0) return DEFAULT_COLUMNS;
  return [
    NAME_COLUMN,
    ...own.map((source): Column => {
      const path = parseJsonPath(String(source['jsonPath']));
      const type = String(source['type']) as Column['type'];
      return {
        name: String(source['name']),
        type,
        ...(typeof source['format'] === 'string' ? { format: source['format'] } : {}),
        ...(typeof source['description'] === 'string' ? { description: source['description'] } : {}),
        ...(typeof source['priority'] === 'number' ? { priority: source['priority'] } : {}),
        cell: (object, nowMs) => cellOf(type, evaluateJsonPath(path, object), nowMs),
      };
    }),
  ];
}

function cellOf(type: Column['type'], values: readonly unknown[], nowMs: number): string | number | boolean | null {
  const [value] = values;
  if (value === undefined || value === null) return null;
  if (type === 'date') return typeof value === 'string' ? ageOf(value, nowMs) : '<invalid>';
  if (type === 'string') {
    return values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(',');
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
