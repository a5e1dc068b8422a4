import { AwsError } from '../../control/error.ts';

/** Errors of https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html and of its operations. */
export const codes = {
  AvailabilityZoneNotSupported: 400,
  DuplicateListener: 400,
  DuplicateLoadBalancerName: 400,
  DuplicateTagKeys: 400,
  DuplicateTargetGroupName: 400,
  IncompatibleProtocols: 400,
  InvalidConfigurationRequest: 400,
  InvalidLoadBalancerAction: 400,
  InvalidScheme: 400,
  InvalidSecurityGroup: 400,
  InvalidSubnet: 400,
  InvalidTarget: 400,
  ListenerNotFound: 400,
  LoadBalancerNotFound: 400,
  OperationNotPermitted: 400,
  PriorityInUse: 400,
  ResourceInUse: 400,
  RuleNotFound: 400,
  SSLPolicyNotFound: 400,
  SubnetNotFound: 400,
  TargetGroupAssociationLimit: 400,
  TargetGroupNotFound: 400,
  TooManyActions: 400,
  TooManyListeners: 400,
  TooManyLoadBalancers: 400,
  TooManyRules: 400,
  TooManyTags: 400,
  TooManyTargetGroups: 400,
  TooManyTargets: 400,
  TooManyUniqueTargetGroupsPerLoadBalancer: 400,
  UnsupportedProtocol: 400,
  ValidationError: 400,
} as const;

export const failure = (code: keyof typeof codes, message: string) => new AwsError(code, codes[code], message);
export const invalid = (message: string) => failure('ValidationError', message);
/** What AWS can and this cannot (yet): refused, never accepted in silence. */
export const unsupported = (what: string) => failure('InvalidConfigurationRequest', `${what} is not implemented in Gantry`);
