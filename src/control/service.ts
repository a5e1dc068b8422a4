import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Store } from '../store/store.ts';
import type { Installation } from '../wire/installation.ts';
import type { Constraints, Fault } from './constraints.ts';
import type { Controller } from './controller.ts';
import type { AwsError } from './error.ts';

/**
 * What every service folder is made of. `src/services/sts` is the template: `index.ts` (the door), `operations.ts` (the table),
 * `records.ts` (stored types and keys), `controllers/`, `errors.ts`.
 */

/** Where a record belongs: names in ARNs and in keys. Global services (IAM) use `GLOBAL_REGION`. */
export interface Scope {
  account: string;
  region: string;
}

export const GLOBAL_REGION = 'aws-global';

/** Who is calling, as AWS's policy variables and GetCallerIdentity name it. */
export interface Principal {
  type: 'Account' | 'User' | 'AssumedRole' | 'Service' | 'Anonymous';
  account: string;
  /** arn:aws:iam::<account>:user/<name>, arn:aws:sts::<account>:assumed-role/<role>/<session>, arn:aws:iam::<account>:root */
  arn: string;
  /** AIDA…, AROA…:<session>, or the account for root. */
  userId: string;
  /** The user's or the role's ARN, whose policies apply. */
  identityArn: string;
  accessKeyId?: string;
}

/** What operations and controllers of all services share. Time, randomness and ids come from here, so that tests can fix them. */
export interface Env {
  installation: Installation;
  store: Store;
  now(): Date;
  /** `n` hexadecimal digits. */
  randomHex(n: number): string;
  log(message: string, fields?: Record<string, unknown>): void;
}

export interface RequestContext extends Env, Scope {
  principal: Principal;
  requestId: string;
  sourceIp: string;
  /** Throws the service's AccessDenied error unless the caller may do this as well (iam:PassRole, say). */
  authorize(action: string, resources: Resource[], conditions?: Conditions): Promise<void>;
}

/** Values of IAM's condition keys; a key that is undefined is absent. */
export type Conditions = Record<string, string | string[] | undefined>;

/** The ARN that IAM is asked about, with condition keys that hold for it and not for the other resources of the request. */
export type Resource = string | { arn: string; conditions: Conditions };

export type Handler<I, O> = (input: I, context: RequestContext) => O | Promise<O>;

/** An operation, with what IAM asks about it. A plain handler stands for resource `*` and action `<service>:<Operation>`. */
export interface Operation<I, O> {
  run: Handler<I, O>;
  /** ARNs that the caller's policies are asked about. */
  resources?(input: I, context: RequestContext): Resource[] | Promise<Resource[]>;
  /** Service-specific condition keys, such as `ecs:cluster`. */
  conditions?(input: I, context: RequestContext): Conditions | Promise<Conditions>;
  /** Where the IAM action is not `<service>:<Operation>`; null where AWS asks for no permission (sts:GetCallerIdentity). */
  action?: string | null;
  /** Nobody signs it: it brings its own proof of who calls (sts:AssumeRoleWithWebIdentity). */
  unsigned?: true;
}

/** Operation names of an SDK package: its `…Command` classes. */
export type OperationName<Sdk> = Exclude<{ [K in keyof Sdk]: K extends `${infer N}Command` ? N : never }[keyof Sdk], '$'>;

// `any`: the SDK's own types of its middleware stack, which the table has no use for.
type Command<Sdk, N> = N extends string ? (`${N}Command` extends keyof Sdk ? (Sdk[`${N}Command`] extends new (...args: any[]) => infer C ? C : never) : never) : never;
export type Input<Sdk, N> = Command<Sdk, N> extends { input: infer I } ? I : never;
export type Output<Sdk, N> = Command<Sdk, N> extends { resolveMiddleware(...args: any[]): (...args: any[]) => Promise<{ output: infer O }> } ? Omit<O, '$metadata'> : never;

/** Every operation of the SDK's schema: done, or named in the list of those that are not; a forgotten one does not compile. */
export type OperationTable<Sdk, Missing extends OperationName<Sdk> = never> = {
  [N in Exclude<OperationName<Sdk>, Missing>]: Handler<Input<Sdk, N>, Output<Sdk, N>> | Operation<Input<Sdk, N>, Output<Sdk, N>>;
};

export type Protocol =
  | { name: 'awsJson1_1'; targetPrefix: string }
  | { name: 'restJson1' }
  | { name: 'awsQuery'; version: string; xmlNamespace: string }
  | { name: 'ec2Query'; version: string; xmlNamespace: string };

export interface Service {
  /** The endpoint prefix, which is also the folder's name: `ecs`, `autoscaling`, `elasticloadbalancing` … */
  name: string;
  /** The name in SigV4's credential scope, where it differs. */
  signingName?: string;
  /** The prefix of IAM actions, where it differs from `name`. */
  iamPrefix?: string;
  protocol: Protocol;
  /** The SDK package's namespace object: schemas of operations (`RunTask$`) are read from it. */
  sdk: object;
  /** An `OperationTable`; its precise type is checked where it is written. */
  operations: Record<string, unknown>;
  /** Operations of the schema that answer that they are not implemented. */
  missing: readonly string[];
  controllers?: Controller[];
  /** Writes what a fresh installation has (default VPC, AWS-managed policies). Runs at every start and must be idempotent. */
  seed?(env: Env): Promise<void>;
  /** Opens a door of the service's own beside the gateway, until the signal. */
  serve?(env: Env, signal: AbortSignal): Promise<void>;
  /** What the service's model says of inputs: its `constraints.json`. */
  constraints: Constraints;
  /** The error for these (one at least), where the service has a code or words of its own. */
  invalid?(faults: Fault[], operation: string): AwsError | undefined;
  /** HTTP surfaces beside the API, tried in order before the AWS protocols: the registry's /v2/, the agents' web sockets. */
  surfaces?: Surface[];
}

export interface Surface {
  matches(request: IncomingMessage): boolean;
  handle?(request: IncomingMessage, response: ServerResponse, env: SurfaceEnv): Promise<void>;
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer, env: SurfaceEnv): Promise<void>;
}

export interface SurfaceEnv extends Env {
  /** Who signed a request that has no body (an upgrade, say), by SigV4 for this service; throws AWS's error if nobody validly did. */
  signedBy(request: IncomingMessage): Promise<RequestContext>;
  /**
   * Who signed this URL (a GET) for a service, at most so many seconds ago whatever it says of that itself. `headers` are those of the
   * request that it was signed for.
   */
  presignedBy(url: URL, headers: Record<string, string>, service: string, seconds: number): Promise<Principal>;
}
