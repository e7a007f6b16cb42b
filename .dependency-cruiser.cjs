// The import rule of docs/architecture.md: a layer imports only lower layers, areas of layer 3 never each
// other, and across areas only through an area's index.ts.
const layers = [
  ['base', 'gen'],
  ['crypto', 'grpc', 'http', 'kube'],
  ['azure', 'controller', 'secretclass', 'secretsync', 'providerapi', 'lab/store', 'lab/faults', 'lab/clock'],
  ['driver', 'provider', 'webhook', 'controllers', 'lab/cloud', 'lab/cluster', 'doctor', 'console'],
  ['lab/session'],
  ['cli'],
  ['cmd'],
];

const folder = (areas) => `^src/(${areas.join('|')})/`;

const layerRules = layers.flatMap((areas, index) => {
  const higher = layers.slice(index + 1).flat();
  return higher.length === 0
    ? []
    : [
        {
          name: `layer-${index}-imports-only-lower`,
          severity: 'error',
          from: { path: folder(areas) },
          to: { path: folder(higher) },
        },
      ];
});

const products = layers[3].map((area) => ({
  name: `product-${area.replace('/', '-')}-stands-alone`,
  severity: 'error',
  from: { path: `^src/${area}/` },
  to: { path: folder(layers[3].filter((other) => other !== area)) },
}));

// The rooms of the two large production areas, in the order of a secret's way: a room imports only those before it.
const rooms = {
  driver: ['request', 'volume', 'kubernetes', 'refresh', 'publish'],
  provider: ['parameters', 'broker', 'content', 'objects'],
};

const roomRules = Object.entries(rooms).flatMap(([area, names]) =>
  names.slice(0, -1).map((name, index) => ({
    name: `${area}-${name}-imports-only-rooms-before-it`,
    severity: 'error',
    from: { path: `^src/${area}/${name}/`, pathNot: '\\.test\\.ts$' },
    to: { path: `^src/${area}/(${names.slice(index + 1).join('|')})/` },
  })),
);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    ...products,
    ...roomRules,
    {
      name: 'across-areas-only-through-index',
      severity: 'error',
      from: { path: '^src/((?:lab/)?[^/]+)/' },
      to: {
        path: '^src/(?:lab/)?[^/]+/',
        pathNot: ['^src/$1/', '^src/(?:lab/)?[^/]+/index\\.ts$', '^src/(?:lab/)?[^/]+/testing/', '^src/gen/'],
      },
    },
    {
      name: 'only-tests-use-testing-folders',
      severity: 'error',
      from: { path: '^src/', pathNot: ['/testing/', '\\.test\\.ts$'] },
      to: { path: '/testing/' },
    },
    {
      name: 'the-emulated-azure-shares-no-code-with-its-client',
      severity: 'error',
      from: { path: '^src/lab/cloud/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/azure/' },
    },
    {
      name: 'the-emulated-kubernetes-uses-no-client',
      comment: 'types only: an emulator that shares code with its client shares its misunderstandings',
      severity: 'error',
      from: { path: '^src/lab/cluster/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/kube/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'packages-are-loaded-lazily-by-a-file-of-ours',
      comment: 'import() of a CommonJS package has names under Node, and none in a bundle of modules',
      severity: 'error',
      from: { path: '^src/(lab|cli|cmd)/', pathNot: '\\.test\\.ts$' },
      to: { dynamic: true, path: '^node_modules/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/gen/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
