import type { FargateProfile } from '../../records.ts';
import { COMPUTE_TYPE, FARGATE_SCHEDULER, PROFILE_LABEL } from './pod.ts';
import type { FargatePod } from './pod.ts';

/** Which pods a profile takes (https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html), as a function and as CEL for the API server. */

type Selector = FargateProfile['selectors'][number];

/** `*` stands for any characters, `?` for one. RE2 and JavaScript read it alike. */
const expressionOf = (pattern: string) => `^${pattern.replace(/[^\w*?]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`;

export function matches(profile: Pick<FargateProfile, 'name' | 'selectors'>, { metadata }: FargatePod): boolean {
  const like = (pattern: string, text: string) => new RegExp(expressionOf(pattern)).test(text);
  const labels = Object.entries(metadata.labels ?? {});
  const one = (selector: Selector) => like(selector.namespace, metadata.namespace ?? 'default')
    && Object.entries(selector.labels).every(([key, value]) => labels.some(([name, its]) => like(key, name) && like(value, its)));
  return metadata.labels?.[PROFILE_LABEL] === profile.name && profile.selectors.some(one);
}

/** A CEL string literal; JSON's escapes are CEL's. */
const text = (value: string) => JSON.stringify(value);
const LABELS = '(has(object.metadata.labels) ? object.metadata.labels : {})';

function celOf({ namespace, labels }: Selector): string {
  return [
    `request.namespace.matches(${text(expressionOf(namespace))})`,
    ...Object.entries(labels).map(([key, value]) => `${LABELS}.exists(k, k.matches(${text(expressionOf(key))}) && ${LABELS}[k].matches(${text(expressionOf(value))}))`),
  ].join(' && ');
}

/** CEL that says the name of the pod's profile, the empty string for none: the first by name, unless the pod itself names another one. */
export function profileExpression(profiles: Pick<FargateProfile, 'name' | 'selectors'>[]): string {
  const named = `${LABELS}[?${text(PROFILE_LABEL)}]`;
  return [...profiles].sort((a, b) => (a.name < b.name ? -1 : 1)).reduceRight(
    (otherwise, { name, selectors }) => `${named}.orValue(${text(name)}) == ${text(name)} && (${selectors.map((one) => `(${celOf(one)})`).join(' || ')}) ? ${text(name)} : (${otherwise})`,
    '""',
  );
}

export const POLICY = 'eks-fargate';

/**
 * Admission by the API server itself (https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/): a pod that a
 * profile takes is not the default scheduler's. One that has its node already, or is annotated for EC2, is left alone.
 */
export function admissionPolicy(profiles: Pick<FargateProfile, 'name' | 'selectors'>[]) {
  const expression = profileExpression(profiles);
  const onEc2 = `has(object.metadata.annotations) && object.metadata.annotations[?${text(COMPUTE_TYPE)}].orValue("") == "ec2"`;
  return {
    metadata: { name: POLICY },
    spec: {
      failurePolicy: 'Fail', reinvocationPolicy: 'Never',
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] },
      matchConditions: [
        { name: 'unbound', expression: '!has(object.spec.nodeName) || object.spec.nodeName == ""' },
        { name: 'not-for-ec2', expression: `!(${onEc2})` },
        { name: 'profile', expression: `(${expression}) != ""` },
      ],
      variables: [{ name: 'profile', expression }],
      mutations: [{
        patchType: 'ApplyConfiguration',
        applyConfiguration: { expression: `Object{metadata: Object.metadata{labels: {${text(PROFILE_LABEL)}: variables.profile}}, spec: Object.spec{schedulerName: ${text(FARGATE_SCHEDULER)}}}` },
      }],
    },
  };
}
