import { XmlCodec } from '@aws-sdk/core/protocols';
import { inWords } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';
import type { Service } from '../../control/service.ts';
import { readForm } from './form.ts';
import type { OperationSchema, ProtocolErrors, Reply, Request, WireFormat } from './protocol.ts';

/** awsQuery and ec2Query: the operation and its members as form parameters, XML back. */

const credentials = new AwsError('AuthFailure', 401, 'AWS was not able to validate the provided access credentials');

const queryErrors: ProtocolErrors = {
  missingAuthentication: () => new AwsError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token'),
  unknownAccessKey: () => new AwsError('InvalidClientTokenId', 403, 'The security token included in the request is invalid.'),
  wrongSignature: (detail) => new AwsError('SignatureDoesNotMatch', 403, detail),
  expiredRequest: (detail) => new AwsError('SignatureDoesNotMatch', 403, detail),
  expiredToken: () => new AwsError('ExpiredToken', 403, 'The security token included in the request is expired'),
  accessDenied: (message) => new AwsError('AccessDenied', 403, message),
  unknownOperation: (name, version) => new AwsError('InvalidAction', 400, `Could not find operation ${name} for version ${version}`),
  invalid: (faults) => new AwsError('ValidationError', 400, inWords(faults)),
  malformed: (detail) => new AwsError('MalformedInput', 400, detail),
};

const ec2Errors: ProtocolErrors = {
  ...queryErrors,
  missingAuthentication: () => new AwsError('MissingAuthenticationToken', 401, 'Request is missing Authentication Token'),
  unknownAccessKey: () => credentials,
  wrongSignature: () => credentials,
  expiredRequest: () => new AwsError('RequestExpired', 400, 'Request has expired.'),
  expiredToken: () => new AwsError('RequestExpired', 400, 'Request has expired.'),
  accessDenied: (message) => new AwsError('UnauthorizedOperation', 403, `You are not authorized to perform this operation. ${message}`),
  unknownOperation: (name) => new AwsError('InvalidAction', 400, `The action ${name} is not valid for this web service.`),
  invalid: (faults) => new AwsError('InvalidParameterValue', 400, inWords(faults)),
  malformed: (detail) => new AwsError('InvalidParameterValue', 400, detail),
};

/** Parameters are in the body of a POST, in the URL of a GET (a presigned one). */
const parameters = (request: Request) => (request.body.length ? new URLSearchParams(request.body.toString()) : request.query);
const operationName = (request: Request) => parameters(request).get('Action') ?? undefined;

export const awsQuery: WireFormat = {
  operationName,
  decode: async (operation, request) => readForm(operation.input, parameters(request), 'query'),
  encode(operation, output, requestId, service) {
    const result = operation.output.isUnitSchema() ? '' : members(operation, output, service);
    return xml(200, requestId, `<${operation.name}Response xmlns="${namespaceOf(service)}"><${operation.name}Result>${result}</${operation.name}Result>` +
      `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation.name}Response>`);
  },
  encodeError(error, requestId, service) {
    const type = error.status >= 500 ? 'Receiver' : 'Sender';
    return xml(error.status, requestId, `<ErrorResponse xmlns="${namespaceOf(service)}"><Error><Type>${type}</Type><Code>${escape(error.code)}</Code>` +
      `<Message>${escape(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
  },
  errors: queryErrors,
};

export const ec2Query: WireFormat = {
  operationName,
  decode: async (operation, request) => readForm(operation.input, parameters(request), 'ec2'),
  encode(operation, output, requestId, service) {
    // Operations without an output shape answer <return>true</return>.
    const body = operation.output.isUnitSchema() ? '<return>true</return>' : members(operation, output, service);
    return xml(200, requestId, `<${operation.name}Response xmlns="${namespaceOf(service)}"><requestId>${requestId}</requestId>${body}</${operation.name}Response>`);
  },
  encodeError(error, requestId) {
    return xml(error.status, requestId, `<Response><Errors><Error><Code>${escape(error.code)}</Code><Message>${escape(error.message)}</Message></Error></Errors>` +
      `<RequestID>${requestId}</RequestID></Response>`);
  },
  errors: ec2Errors,
};

/** The members of an output shape, without the element around them. */
function members(operation: OperationSchema, output: object, service: Service): string {
  // 5: timestamps as ISO 8601 unless a trait says otherwise.
  const serializer = new XmlCodec({ timestampFormat: { useTrait: true, default: 5 }, xmlNamespace: '', serviceNamespace: namespaceOf(service) }).createSerializer();
  serializer.write(operation.output, output);
  const whole = String(serializer.flush());
  const start = whole.indexOf('>') + 1;
  return whole[start - 2] === '/' ? '' : whole.slice(start, whole.lastIndexOf('</'));
}

function xml(status: number, requestId: string, body: string): Reply {
  return { status, headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId }, body: `<?xml version="1.0" encoding="UTF-8"?>\n${body.replace(NO_XML, '\uFFFD')}` };
}

const namespaceOf = (service: Service) => ('xmlNamespace' in service.protocol ? service.protocol.xmlNamespace : '');
/** What XML 1.0 cannot say, in no form: https://www.w3.org/TR/xml/#charsets */
// eslint-disable-next-line no-control-regex
const NO_XML = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#xD;', '\n': '&#xA;' };
const escape = (text: string) => text.replace(/[&<>"\r\n]/g, (character) => ENTITIES[character]!);
