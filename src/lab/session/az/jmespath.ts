// Loaded only by commands with a query; see transport.ts for why it is a module of its own.
export { compile, search } from '@jmespath-community/jmespath';
