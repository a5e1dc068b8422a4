import { JsonCodec2 } from '@aws-sdk/core/protocols';
import { inWords } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';
import type { ProtocolErrors, Reply, WireFormat } from './protocol.ts';

/** AWS JSON 1.1, https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html: the operation in X-Amz-Target, all else in the body. */

/** Timestamps are seconds since the epoch (7) unless a trait says otherwise. */
const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: false });

const bad = (code: string, message: string) => new AwsError(code, 400, message);

export const jsonErrors: ProtocolErrors = {
  missingAuthentication: () => bad('MissingAuthenticationTokenException', 'Missing Authentication Token'),
  unknownAccessKey: () => bad('UnrecognizedClientException', 'The security token included in the request is invalid.'),
  wrongSignature: (detail) => bad('InvalidSignatureException', detail),
  expiredRequest: (detail) => bad('InvalidSignatureException', detail),
  expiredToken: () => bad('ExpiredTokenException', 'The security token included in the request is expired'),
  accessDenied: (message) => bad('AccessDeniedException', message),
  unknownOperation: () => bad('UnknownOperationException', ''),
  invalid: (faults) => bad('ValidationException', inWords(faults)),
  malformed: (detail) => bad('SerializationException', detail),
};

export const awsJson: WireFormat = {
  operationName: (request) => request.headers['x-amz-target']?.split('.')[1],
  async decode(operation, request) {
    if (operation.input.isUnitSchema()) return {};
    return codec.createDeserializer().read(operation.input, request.body.length ? request.body.toString() : '{}');
  },
  encode(operation, output, requestId) {
    if (operation.output.isUnitSchema()) return reply(200, requestId, '{}');
    const serializer = codec.createSerializer();
    serializer.write(operation.output, output);
    return reply(200, requestId, bytesOf(serializer.flush()));
  },
  encodeError(error, requestId) {
    return reply(error.status, requestId, JSON.stringify({ __type: error.code, message: error.message, ...error.fields }), { 'x-amzn-errortype': error.code });
  },
  errors: jsonErrors,
};

function reply(status: number, requestId: string, body: string | Uint8Array, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId, ...headers }, body };
}

/** Plain bytes: the SDK's own come with a warning for whoever takes them for text. */
export function bytesOf(flushed: unknown): string | Uint8Array {
  return flushed instanceof Uint8Array ? Buffer.from(flushed.buffer, flushed.byteOffset, flushed.byteLength) : String(flushed);
}
