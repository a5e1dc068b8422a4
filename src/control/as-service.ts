import type { Env, Handler, Operation, RequestContext, Scope } from './service.ts';
import { uuid } from './uuid.ts';

/**
 * Calls operations of another service in AWS's own shapes, as AWS's services do through a service-linked role: no policy is asked.
 *
 *   const elb = asService(elasticloadbalancingOperations, env, scope, 'eks.amazonaws.com');
 *   await elb('DeleteLoadBalancer', { LoadBalancerArn });
 */
export function asService<Table extends object>(operations: Table, env: Env, scope: Scope, service: string): Caller<Table> {
  const context = serviceContext(env, scope, service);
  return async (name, input) => {
    const operation = operations[name] as AnyOperation;
    return typeof operation === 'function' ? operation(input, context) : operation.run(input, context);
  };
}

/** A request that a service makes by itself. */
export function serviceContext(env: Env, scope: Scope, service: string): RequestContext {
  return {
    ...env,
    account: scope.account,
    region: scope.region,
    principal: { type: 'Service', account: scope.account, arn: service, userId: service, identityArn: service },
    requestId: uuid(env.randomHex(32)),
    sourceIp: service,
    authorize: async () => {},
  };
}

export type Caller<Table> = <Name extends keyof Table>(name: Name, input: InputOf<Table[Name]>) => Promise<OutputOf<Table[Name]>>;

// `any`: what is inferred is the other type argument.
type AnyOperation = Handler<any, any> | Operation<any, any>;
type InputOf<O> = O extends Handler<infer I, any> ? I : O extends { run: Handler<infer I, any> } ? I : never;
type OutputOf<O> = O extends Handler<any, infer R> ? Awaited<R> : O extends { run: Handler<any, infer R> } ? Awaited<R> : never;
