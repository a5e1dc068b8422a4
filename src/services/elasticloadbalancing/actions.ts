import type { Action as AwsAction } from '@aws-sdk/client-elastic-load-balancing-v2';
import { failure, invalid, unsupported } from './errors.ts';
import type { Action } from './records.ts';

/** Actions of listeners and rules: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html */

const MOST_GROUPS = 5;
const CONTENT_TYPES = ['text/plain', 'text/css', 'text/html', 'application/javascript', 'application/json'];

/** Checks all but the target groups, which are the caller's to look up. HTTP listeners know no action before the last one. */
export function actionsFrom(input: AwsAction[] | undefined): Action[] {
  const [action, ...more] = input ?? [];
  if (!action) throw invalid('An action must be specified');
  if (more.length) throw more.every(({ Type }) => isFinal(Type)) && isFinal(action.Type) ? failure('InvalidLoadBalancerAction', 'A rule can only have one forward, redirect or fixed-response action') : unsupported('An action that authenticates');
  if (action.Order !== undefined && (action.Order < 1 || action.Order > 50000)) throw invalid(`The action order '${action.Order}' must be between '1' and '50000'`);
  return [{ ...actionFrom(action), ...(action.Order === undefined ? {} : { order: action.Order }) }];
}

const isFinal = (type: string | undefined) => type === 'forward' || type === 'redirect' || type === 'fixed-response';

function actionFrom(action: AwsAction): Action {
  switch (action.Type) {
    case 'forward': return forward(action);
    case 'fixed-response': return fixedResponse(action);
    case 'redirect': return redirect(action);
    case 'authenticate-oidc':
    case 'authenticate-cognito':
    case 'jwt-validation':
      throw unsupported(`The action type '${action.Type}'`);
    case undefined:
    default:
      throw invalid(`Action type '${String(action.Type)}' must be one of 'redirect,fixed-response,forward,authenticate-oidc,authenticate-cognito,jwt-validation'`);
  }
}

function forward(action: AwsAction): Action {
  const listed = action.ForwardConfig?.TargetGroups?.map(({ TargetGroupArn, Weight }) => ({ arn: TargetGroupArn ?? '', weight: Weight ?? 1 })) ?? [];
  const groups = listed.length ? listed : action.TargetGroupArn ? [{ arn: action.TargetGroupArn, weight: 1 }] : [];
  if (!groups.length) throw invalid('A target group ARN must be specified');
  if (action.TargetGroupArn && !(groups.length === 1 && groups[0]!.arn === action.TargetGroupArn)) throw invalid('You cannot specify both a target group ARN and a forward configuration with different target groups');
  if (groups.length > MOST_GROUPS) throw failure('TooManyTargetGroups', `The maximum number of target groups per forward action is '${MOST_GROUPS}'`);
  if (new Set(groups.map((group) => group.arn)).size < groups.length) throw invalid('A target group can be specified only once in a forward action');
  for (const { weight } of groups) if (weight < 0 || weight > 999) throw invalid(`The target group weight '${weight}' must be between '0' and '999'`);
  const { Enabled: sticky, DurationSeconds: seconds } = action.ForwardConfig?.TargetGroupStickinessConfig ?? {};
  if (sticky) throw unsupported('Stickiness between target groups');
  if (seconds !== undefined && (seconds < 1 || seconds > 604800)) throw invalid(`The target group stickiness duration '${seconds}' must be between '1' and '604800'`);
  return { type: 'forward', targetGroups: groups, ...(seconds === undefined ? {} : { stickiness: { seconds } }) };
}

function fixedResponse({ FixedResponseConfig: config }: AwsAction): Action {
  if (!/^[245]\d\d$/.test(config?.StatusCode ?? '')) throw invalid(`The status code '${config?.StatusCode}' of a fixed response must match '(2|4|5)XX'`);
  if (config?.ContentType && !CONTENT_TYPES.includes(config.ContentType)) throw invalid(`The content type '${config.ContentType}' must be one of '${CONTENT_TYPES.join(', ')}'`);
  if ((config?.MessageBody?.length ?? 0) > 1024) throw invalid("The message body of a fixed response cannot be longer than '1024' characters");
  return {
    type: 'fixed-response', statusCode: config!.StatusCode!,
    ...(config?.ContentType ? { contentType: config.ContentType } : {}),
    ...(config?.MessageBody ? { body: config.MessageBody } : {}),
  };
}

function redirect({ RedirectConfig: config }: AwsAction): Action {
  const { Protocol: protocol = '#{protocol}', Host: host = '#{host}', Port: port = '#{port}', Path: path = '/#{path}', Query: query = '#{query}', StatusCode: statusCode } = config ?? {};
  if (statusCode !== 'HTTP_301' && statusCode !== 'HTTP_302') throw invalid(`The redirect status code '${String(statusCode)}' must be one of 'HTTP_301, HTTP_302'`);
  if (!/^(HTTPS?|#\{protocol\})$/.test(protocol)) throw invalid(`The redirect protocol '${protocol}' is not valid`);
  if (port !== '#{port}' && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) throw invalid(`The redirect port '${port}' is not valid`);
  if (!path.startsWith('/')) throw invalid(`The redirect path '${path}' must begin with '/'`);
  for (const text of [host, path, query]) if (text.length > 128 || !/^[\x21-\x7e]*$/.test(text)) throw invalid(`The redirect component '${text}' is not valid`);
  if (protocol === '#{protocol}' && host === '#{host}' && port === '#{port}' && path === '/#{path}') {
    throw failure('InvalidLoadBalancerAction', 'The redirect configuration is not valid because it creates a loop');
  }
  return { type: 'redirect', protocol, host, port, path, query, statusCode };
}

export function actionAnswer(action: Action): AwsAction {
  const order = action.order === undefined ? {} : { Order: action.order };
  switch (action.type) {
    case 'forward': {
      const only = action.targetGroups.length === 1 ? { TargetGroupArn: action.targetGroups[0]!.arn } : {};
      const TargetGroups = action.targetGroups.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight }));
      return { Type: 'forward', ...only, ...order, ForwardConfig: { TargetGroups, TargetGroupStickinessConfig: { Enabled: false, ...(action.stickiness && { DurationSeconds: action.stickiness.seconds }) } } };
    }
    case 'fixed-response':
      return { Type: 'fixed-response', ...order, FixedResponseConfig: { StatusCode: action.statusCode, ...(action.contentType ? { ContentType: action.contentType } : {}), ...(action.body ? { MessageBody: action.body } : {}) } };
    case 'redirect':
      return { Type: 'redirect', ...order, RedirectConfig: { Protocol: action.protocol, Host: action.host, Port: action.port, Path: action.path, Query: action.query, StatusCode: action.statusCode } };
  }
}
