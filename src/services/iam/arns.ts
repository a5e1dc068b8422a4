/** ARNs of IAM and STS, https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html */

type Named = { path: string; name: string };

export const userArn = (account: string, { path, name }: Named) => `arn:aws:iam::${account}:user${path}${name}`;
export const groupArn = (account: string, { path, name }: Named) => `arn:aws:iam::${account}:group${path}${name}`;
export const roleArn = (account: string, { path, name }: Named) => `arn:aws:iam::${account}:role${path}${name}`;
export const policyArn = (account: string, { path, name }: Named) => `arn:aws:iam::${account}:policy${path}${name}`;
export const instanceProfileArn = (account: string, { path, name }: Named) => `arn:aws:iam::${account}:instance-profile${path}${name}`;
export const providerArn = (account: string, { url }: { url: string }) => `arn:aws:iam::${account}:oidc-provider/${url}`;
export const assumedRoleArn = (account: string, roleName: string, sessionName: string) => `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`;

/** The name at the end of an ARN, behind its path. */
export const nameIn = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
