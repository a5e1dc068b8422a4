import { AwsError } from '../control/error.ts';
import type { Env, Operation, RequestContext, Service } from '../control/service.ts';
import { anonymous, authenticate, contextFor } from './access.ts';
import { faultsOf } from './protocols/faults.ts';
import { awsJson } from './protocols/json.ts';
import type { Reply, Request, WireFormat } from './protocols/protocol.ts';
import { awsQuery, ec2Query } from './protocols/query.ts';
import { restJson } from './protocols/rest-json.ts';
import { mistypedMember, operationsOf } from './protocols/schema.ts';
import { readSignature } from './sigv4.ts';
import { uuid } from '../control/uuid.ts';

const FORMATS: Record<Service['protocol']['name'], WireFormat> = { awsJson1_1: awsJson, restJson1: restJson, awsQuery, ec2Query };

/** One AWS API call, from the request to the reply: recognise, authenticate, decode, check, authorise, run, encode. Never throws. */
export async function answer(request: Request, sourceIp: string, services: Service[], env: Env): Promise<Reply> {
  const requestId = uuid(env.randomHex(32));
  const service = recognise(request, services);
  if (!service) return unrecognised(request, requestId);
  const format = FORMATS[service.protocol.name];
  try {
    const name = format.operationName(request, service);
    const schema = name && operationsOf(service).get(name);
    const unsigned = schema && (service.operations[schema.name] as Partial<Operation<unknown, unknown>> | undefined)?.unsigned;
    const principal = unsigned ? anonymous(env) : await authenticate(request, service, format.errors, env);
    if (!schema) throw format.errors.unknownOperation(name ?? '', 'version' in service.protocol ? service.protocol.version : '');
    const operation = operationFor(service, schema.name);
    const context = contextFor(principal, { requestId, sourceIp, userAgent: request.headers['user-agent'] ?? '' }, format.errors, env);
    const input = await decode(format, service, schema, request);
    await authorize(operation, schema.name, service, input, context);
    const output = await operation.run(input, context);
    return format.encode(schema, output ?? {}, requestId, service);
  } catch (error) {
    return format.encodeError(asAwsError(error, service, env), requestId, service);
  }
}

/** JSON names the service in its target; the others in the credential scope of their signature. */
function recognise(request: Request, services: Service[]): Service | undefined {
  const target = request.headers['x-amz-target']?.split('.')[0];
  if (target) return services.find(({ protocol }) => 'targetPrefix' in protocol && protocol.targetPrefix === target);
  const signature = readSignature(request);
  if (signature && 'service' in signature) {
    return services.find((service) => (service.signingName ?? service.name) === signature.service && service.protocol.name !== 'awsJson1_1');
  }
  // Unsigned, for the error to be in the right form: query calls name an API version.
  const version = new URLSearchParams(request.body.toString()).get('Version') ?? request.query.get('Version');
  return version ? services.find(({ protocol }) => 'version' in protocol && protocol.version === version) : undefined;
}

function unrecognised(request: Request, requestId: string): Reply {
  const signature = readSignature(request);
  const target = request.headers['x-amz-target'];
  const asked = target ?? (signature && 'service' in signature ? signature.service : undefined);
  const error = asked
    ? new AwsError('NotImplemented', 501, `The service of this request (${asked}) is not part of Gantry.`)
    : new AwsError('MissingAuthenticationToken', 403, 'Missing Authentication Token');
  const form = target !== undefined || request.headers['content-type']?.includes('json') ? restJson : awsQuery;
  return form.encodeError(error, requestId, { protocol: {} } as Service);
}

function operationFor(service: Service, name: string): Operation<unknown, unknown> {
  const found = service.operations[name];
  if (typeof found === 'function') return { run: found as Operation<unknown, unknown>['run'] };
  if (found) return found as Operation<unknown, unknown>;
  throw new AwsError('NotImplemented', 501, `The operation ${name} of ${service.name} is not implemented by Gantry.`);
}

async function decode(format: WireFormat, service: Service, schema: Parameters<WireFormat['decode']>[0], request: Request): Promise<unknown> {
  let input: unknown;
  try {
    input = await format.decode(schema, request);
  } catch (error) {
    throw format.errors.malformed(error instanceof Error ? error.message : String(error));
  }
  const mistyped = input === null ? 'the request is not a structure' : mistypedMember(schema.input, input, service.constraints);
  if (mistyped) throw format.errors.malformed(mistyped);
  const faults = faultsOf(schema.input, input, service.constraints);
  if (faults.length) throw service.invalid?.(faults, schema.name) ?? format.errors.invalid(faults);
  return input;
}

async function authorize(operation: Operation<unknown, unknown>, name: string, service: Service, input: unknown, context: RequestContext): Promise<void> {
  if (operation.action === null) return;
  const action = operation.action ?? `${service.iamPrefix ?? service.name}:${name}`;
  const resources = (await operation.resources?.(input, context)) ?? [];
  await context.authorize(action, resources.length ? resources : ['*'], await operation.conditions?.(input, context));
}

function asAwsError(error: unknown, service: Service, env: Env): AwsError {
  if (error instanceof AwsError) return error;
  env.log('operation failed', { service: service.name, error: error instanceof Error ? error.stack : String(error) });
  const code = service.protocol.name === 'ec2Query' ? 'InternalError' : 'InternalFailure';
  return new AwsError(code, 500, 'An internal error has occurred', {});
}
