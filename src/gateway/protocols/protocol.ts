import type { NormalizedSchema } from '@smithy/core/schema';
import type { Fault } from '../../control/constraints.ts';
import type { AwsError } from '../../control/error.ts';
import type { Service } from '../../control/service.ts';

/** A request whose body has arrived. `query` holds the URL's parameters. */
export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Record<string, string | undefined>;
  body: Buffer;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** An operation as the SDK's schema describes it. */
export interface OperationSchema {
  name: string;
  traits: Record<string, unknown>;
  input: NormalizedSchema;
  output: NormalizedSchema;
}

/** One of AWS's wire forms: bytes to shapes and back. Codes and statuses that differ by protocol are here too. */
export interface WireFormat {
  /** The name of the operation that is asked for, if this request is of this form at all. */
  operationName(request: Request, service: Service): string | undefined;
  decode(operation: OperationSchema, request: Request): Promise<unknown>;
  encode(operation: OperationSchema, output: object, requestId: string, service: Service): Reply;
  encodeError(error: AwsError, requestId: string, service: Service): Reply;
  errors: ProtocolErrors;
}

/** The errors that come before any operation runs; each protocol's services word them in their own way. */
export interface ProtocolErrors {
  missingAuthentication(): AwsError;
  unknownAccessKey(): AwsError;
  wrongSignature(detail: string): AwsError;
  expiredRequest(detail: string): AwsError;
  expiredToken(): AwsError;
  accessDenied(message: string): AwsError;
  unknownOperation(name: string, version: string): AwsError;
  /** At least one fault. */
  invalid(faults: Fault[]): AwsError;
  malformed(detail: string): AwsError;
}
