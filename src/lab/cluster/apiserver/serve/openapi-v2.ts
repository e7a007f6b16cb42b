import type { AcceptClause } from './negotiate.ts';

// kubectl asks for the OpenAPI v2 document only where v3 says nothing of a kind, to learn whether the kind is known at
// all (cli-runtime's fallback of its field validation). A document without definitions is the honest answer to that: the
// kind is not known, and kubectl goes on to say which definition is missing. The kinds themselves are described in v3.

/** How client-go names the protobuf form of the document; some versions write it with a dot, some with an @. */
const PROTOBUF_TYPES = /^application\/com\.github\.proto-openapi\.spec\.v2[.@]v1\.0\+protobuf$/;

/** The content type of the protobuf form in an answer (kube-openapi's handler). */
const PROTOBUF_ANSWER = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const SWAGGER_VERSION = '2.0';
const TITLE = 'Kubernetes';
const API_VERSION = 'unversioned';

/** GET /openapi/v2: a valid document without paths and definitions, in the form that is asked for. */
export function openapiV2(clauses: readonly AcceptClause[]): { readonly contentType: string; readonly body: Buffer } {
  if (clauses[0] !== undefined && PROTOBUF_TYPES.test(clauses[0].mediaType)) {
    return { contentType: PROTOBUF_ANSWER, body: PROTOBUF_DOCUMENT };
  }
  return { contentType: 'application/json', body: JSON_DOCUMENT };
}

const JSON_DOCUMENT = Buffer.from(
  JSON.stringify({
    swagger: SWAGGER_VERSION,
    info: { title: TITLE, version: API_VERSION },
    paths: {},
    definitions: {},
  }),
);

/** openapi.v2.Document of gnostic's OpenAPIv2.proto: swagger = 1, info = 2 (title = 1, version = 2), paths = 8. */
const PROTOBUF_DOCUMENT = Buffer.concat([
  field(1, Buffer.from(SWAGGER_VERSION)),
  field(2, Buffer.concat([field(1, Buffer.from(TITLE)), field(2, Buffer.from(API_VERSION))])),
  field(8, Buffer.alloc(0)),
]);

/** A length-delimited field; numbers below 16 and lengths below 128 take one byte each. */
function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
}
