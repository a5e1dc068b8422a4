import { JsonCodec2 } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import type { Service } from '../../control/service.ts';
import { readText } from './form.ts';
import { bytesOf, jsonErrors } from './json.ts';
import type { OperationSchema, Reply, Request, WireFormat } from './protocol.ts';
import { operationsOf } from './schema.ts';

/** Timestamps are seconds since the epoch (7) unless a trait says otherwise. */
const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: true });

/**
 * AWS REST JSON 1, https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html: method and path name the operation; members are
 * bound to the path, the query, headers, or the body.
 */
export const restJson: WireFormat = {
  operationName: (request, service) => match(request, service)?.operation.name,
  async decode(operation, request) {
    const labels = matchPath(pattern(operation).path, request.path) ?? {};
    const text = request.body.length ? request.body.toString() : '{}';
    const input: Record<string, unknown> = { ...(await codec.createDeserializer().read(operation.input, text)) };
    for (const [name, member] of operation.input.structIterator()) {
      const traits = member.getMergedTraits();
      if (traits.httpLabel) input[name] = scalar(member, labels[name]);
      else if (traits.httpQuery) input[name] = member.isListSchema() ? listFrom(member, request.query.getAll(traits.httpQuery)) : scalar(member, request.query.get(traits.httpQuery));
      else if (traits.httpQueryParams) input[name] = Object.fromEntries(request.query);
      else if (traits.httpHeader) input[name] = scalar(member, request.headers[traits.httpHeader.toLowerCase()]);
      else if (traits.httpPayload) input[name] = member.isStructSchema() ? await codec.createDeserializer().read(member, text) : request.body;
    }
    return input;
  },
  encode(operation, output, requestId) {
    const status = pattern(operation).status;
    return reply(status, requestId, operation.output.isUnitSchema() ? '' : body(operation, output));
  },
  encodeError(error, requestId) {
    return reply(error.status, requestId, JSON.stringify({ message: error.message, ...error.fields }), { 'x-amzn-errortype': error.code });
  },
  errors: jsonErrors,
};

function body(operation: OperationSchema, output: object): string | Uint8Array {
  const serializer = codec.createSerializer();
  serializer.write(operation.output, output);
  return bytesOf(serializer.flush());
}

function reply(status: number, requestId: string, body: string | Uint8Array, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, ...headers }, body };
}

/** The operation whose method and path fit; of several the one with the fewest labels (`/tags/x` before `/{a}/{b}`). */
function match(request: Request, service: Service) {
  let best: { operation: OperationSchema; labels: number } | undefined;
  for (const operation of operationsOf(service).values()) {
    const { method, path } = pattern(operation);
    if (method !== request.method) continue;
    const found = matchPath(path, request.path);
    if (found && (!best || Object.keys(found).length < best.labels)) best = { operation, labels: Object.keys(found).length };
  }
  return best;
}

function pattern(operation: OperationSchema) {
  const [method, path, status] = operation.traits.http as [string, string, number];
  return { method, path: path.split('?')[0]!, status };
}

/** Values of the labels in `/clusters/{name}`; `{name+}` takes the rest of the path. `undefined` if it does not fit, or is not encoded as paths are. */
export function matchPath(template: string, path: string): Record<string, string> | undefined {
  const names: string[] = [];
  const source = template.replace(/[.*?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)(\+?)\}/g, (_all, name: string, greedy: string) => {
    names.push(name);
    return greedy ? '(.+)' : '([^/]+)';
  });
  const found = new RegExp(`^${source.replace(/\/$/, '')}/?$`).exec(path);
  try {
    return found ? Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(found[index + 1]!)])) : undefined;
  } catch {
    return undefined;
  }
}

const scalar = (schema: NormalizedSchema, text: string | null | undefined) => (text === null || text === undefined ? undefined : readText(schema, text));

const listFrom = (schema: NormalizedSchema, texts: string[]) => (texts.length ? texts.map((text) => scalar(schema.getValueSchema(), text)) : undefined);
