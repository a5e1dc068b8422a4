import type { Scope } from '../../control/service.ts';

const arn = ({ region, account }: Scope, rest: string) => `arn:aws:eks:${region}:${account}:${rest}`;

export const clusterArn = (scope: Scope, name: string) => arn(scope, `cluster/${name}`);
/** `arn:…:nodegroup/<cluster>/<name>/<uuid>`, and so add-ons and Fargate profiles. */
export const childArn = (scope: Scope, kind: 'nodegroup' | 'addon' | 'fargateprofile', cluster: string, name: string, id: string) =>
  arn(scope, `${kind}/${cluster}/${name}/${id}`);

/** `arn:…:access-entry/<cluster>/<user|role>/<account>/<name>/<uuid>` */
export function accessEntryArn(scope: Scope, cluster: string, principalArn: string, id: string): string {
  const [, , , , account = '', resource = ''] = principalArn.split(':');
  const [type = '', ...path] = resource.split('/');
  return arn(scope, `access-entry/${cluster}/${type}/${account}/${path.at(-1)}/${id}`);
}
