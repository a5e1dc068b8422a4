/**
 * An error as AWS answers it. Each service makes its own closed set in its `errors.ts`; the gateway alone turns one into the wire
 * form of the caller's protocol. Anything else that is thrown becomes InternalFailure (500) and is logged.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the modelled error shape, such as `resourceArn`. */
  readonly fields: Record<string, unknown>;

  constructor(code: string, status: number, message: string, fields: Record<string, unknown> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}
