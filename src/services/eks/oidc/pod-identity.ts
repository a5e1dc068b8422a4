import type { Manifest } from '../../../kube/types.ts';

/**
 * What https://github.com/aws/amazon-eks-pod-identity-webhook does to a pod whose service account has `eks.amazonaws.com/role-arn`, as a
 * policy that the API server itself keeps: no server has to be there when pods are made. The service accounts of a pod's namespace are
 * the policy's parameters; of all of them the pod's own matches.
 */
export const POD_IDENTITY = 'pod-identity-webhook';

const PREFIX = 'eks.amazonaws.com';
const VOLUME = 'aws-iam-token';
const MOUNT_PATH = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const DEFAULT_SECONDS = 86_400;
const LEAST_SECONDS = 3600;

export interface PodIdentitySettings {
  region: string;
  /** The gateway, as pods reach it: without it an SDK would look for AWS itself. */
  endpoint: string;
}

export function podIdentityPolicy(settings: PodIdentitySettings): Manifest {
  return {
    metadata: { name: POD_IDENTITY },
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ServiceAccount' },
      matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
      matchConditions: [
        { name: 'of-this-service-account', expression: 'object.spec.?serviceAccountName.orValue("") == params.metadata.name' },
        { name: 'with-a-role', expression: `${ofAccount('role-arn')}.orValue("") != ""` },
      ],
      variables: [
        { name: 'role', expression: `${ofAccount('role-arn')}.orValue("")` },
        { name: 'audience', expression: `${ofAccount('audience')}.orValue("sts.amazonaws.com")` },
        { name: 'asked', expression: `${ofPod('token-expiration')}.or(${ofAccount('token-expiration')}).orValue("")` },
        { name: 'seconds', expression: `!variables.asked.matches("^[0-9]{1,9}$") ? ${DEFAULT_SECONDS} : int(variables.asked) < ${LEAST_SECONDS} ? ${LEAST_SECONDS} : int(variables.asked)` },
        { name: 'sts', expression: `${ofAccount('sts-regional-endpoints')}.orValue("true") == "false" ? "legacy" : "regional"` },
        { name: 'skipped', expression: `${ofPod('skip-containers')}.orValue("").split(",").map(name, name.trim())` },
      ],
      mutations: [volume, ...['containers', 'initContainers'].flatMap((list) => [environment(list, settings), mount(list)])].map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })),
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
    },
  };
}

export const podIdentityBinding: Manifest = {
  metadata: { name: POD_IDENTITY },
  spec: { policyName: POD_IDENTITY, paramRef: { selector: {}, parameterNotFoundAction: 'Allow' } },
};

const ofAccount = (name: string) => `params.metadata.?annotations[?"${PREFIX}/${name}"]`;
const ofPod = (name: string) => `object.metadata.?annotations[?"${PREFIX}/${name}"]`;

/** A map in CEL: its values are expressions, of any types. */
const map = (members: Record<string, string>) => `{${Object.entries(members).map(([name, expression]) => `"${name}": dyn(${expression})`).join(', ')}}`;

const TOKEN = map({
  name: `"${VOLUME}"`,
  projected: map({
    defaultMode: '420',
    sources: `[${map({ serviceAccountToken: map({ audience: 'variables.audience', expirationSeconds: 'variables.seconds', path: '"token"' }) })}]`,
  }),
});

const volume = `!has(object.spec.volumes) ? [JSONPatch{op: "add", path: "/spec/volumes", value: [${TOKEN}]}]
  : object.spec.volumes.exists(v, v.name == "${VOLUME}") ? []
  : [JSONPatch{op: "add", path: "/spec/volumes/-", value: ${TOKEN}}]`;

/** What a container has of these already stays; of a pair that belongs together, both do. */
function environment(list: string, { region, endpoint }: PodIdentitySettings): string {
  const groups = [
    { AWS_STS_REGIONAL_ENDPOINTS: 'variables.sts' },
    { AWS_DEFAULT_REGION: `"${region}"`, AWS_REGION: `"${region}"` },
    { AWS_ROLE_ARN: 'variables.role', AWS_WEB_IDENTITY_TOKEN_FILE: `"${MOUNT_PATH}/token"` },
    { AWS_ENDPOINT_URL: `"${endpoint}"` },
  ];
  const added = groups.map((group) => {
    const names = Object.keys(group).map((name) => `"${name}"`).join(', ');
    const values = Object.entries(group).map(([name, value]) => map({ name: `"${name}"`, value })).join(', ');
    return `(c.?env.orValue([]).exists(e, e.name in [${names}]) ? [] : [${values}])`;
  });
  return each(list, 'env', `c.?env.orValue([]) + ${added.join(' + ')}`);
}

const mount = (list: string) => each(list, 'volumeMounts',
  `c.?volumeMounts.orValue([]) + (c.?volumeMounts.orValue([]).exists(m, m.name == "${VOLUME}") ? [] : [${map({ name: `"${VOLUME}"`, mountPath: `"${MOUNT_PATH}"`, readOnly: 'true' })}])`);

/** A member of each container that is not skipped, written anew. */
const each = (list: string, member: string, value: string) =>
  `object.spec.?${list}.orValue([]).transformList(i, c, !(c.name in variables.skipped), JSONPatch{op: "add", path: "/spec/${list}/" + string(i) + "/${member}", value: ${value}})`;
