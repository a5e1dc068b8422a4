import type { Annotations } from './annotations.ts';
import { PlanError } from './plan.ts';
import type { ActionPlan } from './plan.ts';

interface Written {
  type?: string;
  targetGroupARN?: string;
  forwardConfig?: { targetGroups?: { serviceName?: string; servicePort?: number | string; weight?: number }[] };
  redirectConfig?: { protocol?: string; host?: string; port?: string; path?: string; query?: string; statusCode?: string };
  fixedResponseConfig?: { contentType?: string; statusCode?: string; messageBody?: string };
}

/**
 * An action of the annotation `actions.<name>`. `forward` answers the target group of a Service's port. Undefined if none of the
 * Services is there.
 */
export function customAction(given: Annotations, name: string, forward: (service: string, port: { name?: string; number?: number }) => string | undefined): ActionPlan | undefined {
  const written = lowerFirst(given.json(`actions.${name}`)) as Written | undefined;
  const { redirectConfig: redirect, fixedResponseConfig: fixed } = written ?? {};
  if (written?.type === 'fixed-response' && fixed) return { type: 'fixed-response', statusCode: fixed.statusCode ?? '200', contentType: fixed.contentType ?? 'text/plain', body: fixed.messageBody ?? '' };
  if (written?.type === 'redirect' && redirect) {
    return {
      type: 'redirect', protocol: redirect.protocol ?? '#{protocol}', host: redirect.host ?? '#{host}', port: redirect.port ?? '#{port}', path: redirect.path ?? '/#{path}',
      query: redirect.query ?? '#{query}', statusCode: redirect.statusCode === 'HTTP_302' ? 'HTTP_302' : 'HTTP_301',
    };
  }
  if (written?.type === 'forward' && written.forwardConfig) {
    const groups = (written.forwardConfig.targetGroups ?? []).flatMap(({ serviceName = '', servicePort, weight = 1 }) => {
      const number = Number(servicePort);
      const group = forward(serviceName, Number.isInteger(number) ? { number } : { name: String(servicePort) });
      return group === undefined ? [] : [{ name: group, weight }];
    });
    return groups.length ? { type: 'forward', groups } : undefined;
  }
  throw new PlanError(`invalid or missing annotation alb.ingress.kubernetes.io/actions.${name}`);
}

/** The annotation may be written in AWS's capitals or without. */
function lowerFirst(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowerFirst);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key[0]!.toLowerCase() + key.slice(1), lowerFirst(member)]));
}
