import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IAM } from '@aws-sdk/client-iam';
import { STS } from '@aws-sdk/client-sts';
import { ACCOUNT, refusal, REGION, type Served, served } from '../../../test/served.ts';
import { sts } from '../sts/index.ts';
import { assumeRole, iam, instanceCredentials, instanceProfile, role } from './index.ts';

const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const trusting = (Principal: object, rest: object = {}) => policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...rest });
const allowing = (Action: string | string[], Resource = '*', rest: object = {}) => policy({ Effect: 'Allow', Action, Resource, ...rest });
const EC2 = { Service: 'ec2.amazonaws.com' };
const READ_ONLY = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';

describe('IAM', () => {
  let here: Served;
  let admin: IAM;
  before(async () => {
    here = await served([iam, sts]);
    admin = new IAM(here.client());
  });
  after(() => here.close());

  /** A user with a key, and clients that sign with it. */
  async function newUser(UserName: string, document?: string) {
    await admin.createUser({ UserName });
    if (document) await admin.putUserPolicy({ UserName, PolicyName: 'own', PolicyDocument: document });
    const { AccessKey } = await admin.createAccessKey({ UserName });
    const credentials = { accessKeyId: AccessKey!.AccessKeyId, secretAccessKey: AccessKey!.SecretAccessKey };
    return { iam: new IAM(here.client(credentials)), sts: new STS(here.client(credentials)), arn: `arn:aws:iam::${ACCOUNT}:user/${UserName}`, key: AccessKey! };
  }
  const using = (credentials: { AccessKeyId?: string | undefined; SecretAccessKey?: string | undefined; SessionToken?: string | undefined } | undefined) =>
    here.client({ accessKeyId: credentials!.AccessKeyId, secretAccessKey: credentials!.SecretAccessKey, sessionToken: credentials!.SessionToken });

  describe('users and keys', () => {
    test('are made, found, listed and deleted', async () => {
      const { User } = await admin.createUser({ UserName: 'ann', Path: '/team/', Tags: [{ Key: 'Team', Value: 'red' }] });
      assert.match(User!.UserId!, /^AIDA[A-Z2-7]{17}$/);
      assert.equal(User!.Arn, `arn:aws:iam::${ACCOUNT}:user/team/ann`);
      assert.deepEqual((await admin.getUser({ UserName: 'ann' })).User!.Tags, [{ Key: 'Team', Value: 'red' }]);
      assert.deepEqual((await admin.listUsers({ PathPrefix: '/team/' })).Users!.map(({ UserName }) => UserName), ['ann']);
      assert.equal(await refusal(admin.createUser({ UserName: 'ANN' })), 'EntityAlreadyExists: User with name ANN already exists.');
      assert.equal(await refusal(admin.getUser({ UserName: 'bob' })), 'NoSuchEntity: The user with name bob cannot be found.');
      assert.match(await refusal(admin.createUser({ UserName: 'a b' })), /^ValidationError: The specified value for userName is invalid/);
      await admin.deleteUser({ UserName: 'ann' });
      assert.match(await refusal(admin.deleteUser({ UserName: 'ann' })), /^NoSuchEntity/);
    });

    test('have two keys at most, which count only while active', async () => {
      const carl = await newUser('carl', allowing('iam:*'));
      await admin.createAccessKey({ UserName: 'carl' });
      assert.equal(await refusal(admin.createAccessKey({ UserName: 'carl' })), 'LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2');
      assert.equal((await carl.iam.getUser({})).User!.UserName, 'carl');
      await admin.updateAccessKey({ UserName: 'carl', AccessKeyId: carl.key.AccessKeyId, Status: 'Inactive' });
      assert.match(await refusal(carl.iam.getUser({})), /^InvalidClientTokenId/);
      await admin.updateAccessKey({ UserName: 'carl', AccessKeyId: carl.key.AccessKeyId, Status: 'Active' });
      await admin.updateUser({ UserName: 'carl', NewUserName: 'charles' });
      assert.equal((await carl.iam.getUser({})).User!.UserName, 'charles');
      assert.equal(await refusal(admin.deleteUser({ UserName: 'charles' })), 'DeleteConflict: Cannot delete entity, must delete policies first.');
    });

    test('pages go through all', async () => {
      for (const name of ['p1', 'p2', 'p3']) await admin.createUser({ UserName: name, Path: '/paged/' });
      const first = await admin.listUsers({ PathPrefix: '/paged/', MaxItems: 2 });
      assert.equal(first.IsTruncated, true);
      const second = await admin.listUsers({ PathPrefix: '/paged/', MaxItems: 2, Marker: first.Marker });
      assert.deepEqual([...first.Users!, ...second.Users!].map(({ UserName }) => UserName), ['p1', 'p2', 'p3']);
      assert.equal(second.IsTruncated, false);
    });
  });

  describe('what a caller may', () => {
    test('is nothing until a policy says so', async () => {
      const dora = await newUser('dora');
      assert.equal(await refusal(dora.iam.listUsers({})), `AccessDenied: User: ${dora.arn} is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action`);
      assert.equal((await dora.sts.getCallerIdentity({})).Arn, dora.arn);
      await admin.attachUserPolicy({ UserName: 'dora', PolicyArn: READ_ONLY });
      assert.ok((await dora.iam.listUsers({})).Users!.length > 0);
      await admin.putUserPolicy({ UserName: 'dora', PolicyName: 'no', PolicyDocument: policy({ Effect: 'Deny', Action: 'iam:ListUsers', Resource: '*' }) });
      assert.match(await refusal(dora.iam.listUsers({})), /with an explicit deny in an identity-based policy$/);
    });

    test('comes from groups too, and reaches no further than the boundary', async () => {
      const emil = await newUser('emil');
      await admin.createGroup({ GroupName: 'readers' });
      await admin.attachGroupPolicy({ GroupName: 'readers', PolicyArn: READ_ONLY });
      await admin.addUserToGroup({ GroupName: 'readers', UserName: 'emil' });
      await emil.iam.listRoles({});
      const { Policy } = await admin.createPolicy({ PolicyName: 'narrow', PolicyDocument: allowing('iam:ListUsers') });
      await admin.putUserPermissionsBoundary({ UserName: 'emil', PermissionsBoundary: Policy!.Arn });
      assert.match(await refusal(emil.iam.listRoles({})), /because no permissions boundary allows the iam:ListRoles action$/);
      await emil.iam.listUsers({});
      assert.equal(await refusal(admin.deletePolicy({ PolicyArn: Policy!.Arn })), 'DeleteConflict: Cannot delete a policy used as a permissions boundary.');
      assert.equal(await refusal(admin.deleteGroup({ GroupName: 'readers' })), 'DeleteConflict: Cannot delete entity, must remove users from group first.');
      assert.deepEqual((await admin.getGroup({ GroupName: 'readers' })).Users!.map(({ UserName }) => UserName), ['emil']);
      await admin.updateGroup({ GroupName: 'readers', NewGroupName: 'lookers' });
      assert.deepEqual((await admin.listGroupsForUser({ UserName: 'emil' })).Groups!.map(({ GroupName }) => GroupName), ['lookers']);
    });

    test('may be held to one’s own user by a variable, and to tags', async () => {
      const own = `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`;
      const fred = await newUser('fred', policy(
        { Effect: 'Allow', Action: 'iam:*AccessKey*', Resource: own },
        { Effect: 'Allow', Action: 'iam:GetUser', Resource: '*', Condition: { StringEquals: { 'iam:ResourceTag/open': 'yes' } } },
      ));
      assert.equal((await fred.iam.listAccessKeys({})).AccessKeyMetadata!.length, 1);
      assert.match(await refusal(fred.iam.listAccessKeys({ UserName: 'admin' })), /^AccessDenied/);
      assert.match(await refusal(fred.iam.getUser({})), /^AccessDenied/);
      await admin.tagUser({ UserName: 'fred', Tags: [{ Key: 'open', Value: 'yes' }] });
      await fred.iam.getUser({});
      await admin.untagUser({ UserName: 'fred', TagKeys: ['OPEN'] });
      assert.match(await refusal(fred.iam.getUser({})), /^AccessDenied/);
    });
  });

  describe('policies', () => {
    test('have five versions at most, one of them in force', async () => {
      const { Policy } = await admin.createPolicy({ PolicyName: 'versioned', PolicyDocument: allowing('ecs:*'), Description: 'd' });
      const PolicyArn = Policy!.Arn!;
      for (let n = 2; n <= 5; n += 1) await admin.createPolicyVersion({ PolicyArn, PolicyDocument: allowing(`ecs:Run${n}`), SetAsDefault: n === 3 });
      assert.match(await refusal(admin.createPolicyVersion({ PolicyArn, PolicyDocument: allowing('ecs:*') })), /^LimitExceeded: A managed policy can have up to 5 versions/);
      assert.equal((await admin.getPolicy({ PolicyArn })).Policy!.DefaultVersionId, 'v3');
      const { PolicyVersion } = await admin.getPolicyVersion({ PolicyArn, VersionId: 'v3' });
      assert.equal(decodeURIComponent(PolicyVersion!.Document!), allowing('ecs:Run3'));
      assert.equal(await refusal(admin.deletePolicyVersion({ PolicyArn, VersionId: 'v3' })), 'DeleteConflict: Cannot delete the default version of a policy.');
      assert.match(await refusal(admin.deletePolicy({ PolicyArn })), /^DeleteConflict: This policy has more than one version/);
      for (const VersionId of ['v1', 'v2', 'v4', 'v5']) await admin.deletePolicyVersion({ PolicyArn, VersionId });
      await admin.deletePolicy({ PolicyArn });
      assert.equal(await refusal(admin.getPolicy({ PolicyArn })), `NoSuchEntity: Policy ${PolicyArn} was not found.`);
    });

    test('of AWS are there with their documents and cannot be changed', async () => {
      const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role';
      const { Policy } = await admin.getPolicy({ PolicyArn });
      assert.equal(Policy!.Path, '/service-role/');
      const { PolicyVersion } = await admin.getPolicyVersion({ PolicyArn, VersionId: Policy!.DefaultVersionId });
      assert.match(decodeURIComponent(PolicyVersion!.Document!), /ecs:RegisterContainerInstance/);
      assert.ok((await admin.listPolicies({ Scope: 'AWS', MaxItems: 1000 })).Policies!.length > 60);
      assert.match(await refusal(admin.deletePolicy({ PolicyArn })), /^InvalidInput/);
    });

    test('are refused in AWS’s words, and so is what is not there', async () => {
      assert.equal(await refusal(admin.createPolicy({ PolicyName: 'bad', PolicyDocument: '{' })), 'MalformedPolicyDocument: Syntax errors in policy.');
      assert.equal(await refusal(admin.attachUserPolicy({ UserName: 'admin', PolicyArn: 'arn:aws:iam::aws:policy/Nope' })), 'NoSuchEntity: Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable.');
      assert.equal(await refusal(admin.detachUserPolicy({ UserName: 'admin', PolicyArn: READ_ONLY })), `NoSuchEntity: Policy ${READ_ONLY} was not found.`);
      assert.equal(await refusal(admin.getUserPolicy({ UserName: 'admin', PolicyName: 'x' })), 'NoSuchEntity: The user policy with name x cannot be found.');
    });

    test('know whom they are attached to', async () => {
      const { Policy } = await admin.createPolicy({ PolicyName: 'used', PolicyDocument: allowing('ecs:*') });
      await admin.createRole({ RoleName: 'uses', AssumeRolePolicyDocument: trusting(EC2) });
      await admin.attachRolePolicy({ RoleName: 'uses', PolicyArn: Policy!.Arn });
      await admin.attachRolePolicy({ RoleName: 'uses', PolicyArn: Policy!.Arn });
      assert.equal((await admin.getPolicy({ PolicyArn: Policy!.Arn })).Policy!.AttachmentCount, 1);
      assert.deepEqual((await admin.listEntitiesForPolicy({ PolicyArn: Policy!.Arn })).PolicyRoles!.map(({ RoleName }) => RoleName), ['uses']);
      assert.deepEqual((await admin.listAttachedRolePolicies({ RoleName: 'uses' })).AttachedPolicies, [{ PolicyName: 'used', PolicyArn: Policy!.Arn }]);
      assert.equal(await refusal(admin.deletePolicy({ PolicyArn: Policy!.Arn })), 'DeleteConflict: Cannot delete a policy attached to entities.');
      assert.equal(await refusal(admin.deleteRole({ RoleName: 'uses' })), 'DeleteConflict: Cannot delete entity, must detach all policies first.');
      await admin.detachRolePolicy({ RoleName: 'uses', PolicyArn: Policy!.Arn });
      await admin.deletePolicy({ PolicyArn: Policy!.Arn });
      await admin.deleteRole({ RoleName: 'uses' });
    });

    test('can be asked without being used', async () => {
      const { EvaluationResults } = await admin.simulateCustomPolicy({ PolicyInputList: [allowing('ecs:Run*')], ActionNames: ['ecs:RunTask', 'ecs:StopTask'] });
      assert.deepEqual(EvaluationResults!.map(({ EvalDecision }) => EvalDecision), ['allowed', 'implicitDeny']);
      const own = await admin.simulatePrincipalPolicy({ PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/admin`, ActionNames: ['eks:CreateCluster'] });
      assert.equal(own.EvaluationResults![0]!.EvalDecision, 'allowed');
    });
  });

  describe('roles', () => {
    test('have a trust policy in order', async () => {
      assert.equal(await refusal(admin.createRole({ RoleName: 'r', AssumeRolePolicyDocument: '{' })), 'MalformedPolicyDocument: This policy contains invalid Json');
      assert.equal(await refusal(admin.createRole({ RoleName: 'r', AssumeRolePolicyDocument: trusting({ AWS: `arn:aws:iam::${ACCOUNT}:user/nobody` }) })),
        `MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::${ACCOUNT}:user/nobody"`);
      const { Role } = await admin.createRole({ RoleName: 'Trusting', Path: '/svc/', AssumeRolePolicyDocument: trusting(EC2), MaxSessionDuration: 7200 });
      assert.match(Role!.RoleId!, /^AROA/);
      assert.equal(decodeURIComponent((await admin.getRole({ RoleName: 'Trusting' })).Role!.AssumeRolePolicyDocument!), trusting(EC2));
      await admin.updateAssumeRolePolicy({ RoleName: 'Trusting', PolicyDocument: trusting({ Service: 'ecs-tasks.amazonaws.com' }) });
      await admin.updateRole({ RoleName: 'Trusting', Description: 'new', MaxSessionDuration: 3600 });
      const changed = (await admin.getRole({ RoleName: 'Trusting' })).Role!;
      assert.deepEqual([changed.Description, changed.MaxSessionDuration], ['new', 3600]);
      assert.equal((await role(here.env, { account: ACCOUNT, region: REGION }, changed.Arn!))?.id, changed.RoleId);
    });

    test('linked to a service are the service’s', async () => {
      const { Role } = await admin.createServiceLinkedRole({ AWSServiceName: 'ecs.amazonaws.com' });
      assert.equal(Role!.Arn, `arn:aws:iam::${ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`);
      assert.match(await refusal(admin.deleteRole({ RoleName: 'AWSServiceRoleForECS' })), /^UnmodifiableEntity/);
      assert.match(await refusal(admin.createServiceLinkedRole({ AWSServiceName: 'ecs.amazonaws.com' })), /^InvalidInput: Service role name AWSServiceRoleForECS has been taken/);
      const { DeletionTaskId } = await admin.deleteServiceLinkedRole({ RoleName: 'AWSServiceRoleForECS' });
      assert.equal((await admin.getServiceLinkedRoleDeletionStatus({ DeletionTaskId })).Status, 'SUCCEEDED');
    });

    test('are assumed by those whom they trust', async () => {
      const gus = await newUser('gus');
      const RoleArn = (await admin.createRole({ RoleName: 'gus-only', AssumeRolePolicyDocument: trusting({ AWS: gus.arn }) })).Role!.Arn!;
      await admin.putRolePolicy({ RoleName: 'gus-only', PolicyName: 'p', PolicyDocument: allowing('iam:List*') });
      const { Credentials, AssumedRoleUser } = await gus.sts.assumeRole({ RoleArn, RoleSessionName: 'work' });
      assert.equal(AssumedRoleUser!.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/gus-only/work`);
      assert.equal((await new STS(using(Credentials)).getCallerIdentity({})).Arn, AssumedRoleUser!.Arn);
      await new IAM(using(Credentials)).listUsers({});
      assert.match(await refusal(new IAM(using(Credentials)).createUser({ UserName: 'x' })), /assumed-role\/gus-only\/work is not authorized to perform: iam:CreateUser/);
      assert.match(await refusal(new STS(using({ ...Credentials, SessionToken: undefined })).getCallerIdentity({})), /^InvalidClientTokenId/);
      const limited = await gus.sts.assumeRole({ RoleArn, RoleSessionName: 'less', Policy: allowing('iam:ListRoles') });
      assert.match(await refusal(new IAM(using(limited.Credentials)).listUsers({})), /because no session policy allows the iam:ListUsers action$/);
      assert.equal(await refusal(admin.listUsers({}).then(() => new STS(here.client()).assumeRole({ RoleArn, RoleSessionName: 'work' }))),
        `AccessDenied: User: arn:aws:iam::${ACCOUNT}:user/admin is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`);
    });

    test('that trust the account are assumed by whom their own policies let', async () => {
      const RoleArn = (await admin.createRole({ RoleName: 'for-all', AssumeRolePolicyDocument: trusting({ AWS: ACCOUNT }) })).Role!.Arn!;
      const hans = await newUser('hans');
      assert.match(await refusal(hans.sts.assumeRole({ RoleArn, RoleSessionName: 'hh' })), /^AccessDenied/);
      await admin.putUserPolicy({ UserName: 'hans', PolicyName: 'own', PolicyDocument: allowing('sts:AssumeRole', RoleArn) });
      await hans.sts.assumeRole({ RoleArn, RoleSessionName: 'hh' });
      assert.equal(await refusal(hans.sts.assumeRole({ RoleArn, RoleSessionName: 'hh', DurationSeconds: 7200 })), 'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
      assert.match(await refusal(hans.sts.assumeRole({ RoleArn, RoleSessionName: 'hh', DurationSeconds: 60 })), /^ValidationError: 1 validation error detected/);
      assert.match(await refusal(hans.sts.assumeRole({ RoleArn: `${RoleArn}-not`, RoleSessionName: 'hh' })), /^AccessDenied/);
    });

    test('give tags to their sessions where the trust policy lets them', async () => {
      const gina = await newUser('gina');
      const statement = { Effect: 'Allow', Principal: { AWS: gina.arn }, Action: ['sts:AssumeRole', 'sts:TagSession'], Condition: { StringEquals: { 'aws:RequestTag/team': ['red', 'blue'] } } };
      const RoleArn = (await admin.createRole({ RoleName: 'tagged', AssumeRolePolicyDocument: policy(statement) })).Role!.Arn!;
      await admin.putRolePolicy({ RoleName: 'tagged', PolicyName: 'p', PolicyDocument: allowing('iam:GetUser', `arn:aws:iam::${ACCOUNT}:user/\${aws:PrincipalTag/team}`) });
      const { Credentials } = await gina.sts.assumeRole({ RoleArn, RoleSessionName: 'tt', Tags: [{ Key: 'team', Value: 'red' }] });
      await admin.createUser({ UserName: 'red' });
      await new IAM(using(Credentials)).getUser({ UserName: 'red' });
      assert.match(await refusal(new IAM(using(Credentials)).getUser({ UserName: 'gina' })), /^AccessDenied/);
      assert.match(await refusal(gina.sts.assumeRole({ RoleArn, RoleSessionName: 'tt', Tags: [{ Key: 'team', Value: 'green' }] })), /^AccessDenied/);
    });

    test('are assumed by services for what they run, where the trust policy’s conditions hold', async () => {
      const scope = { account: ACCOUNT, region: REGION };
      const tasks = `arn:aws:ecs:${REGION}:${ACCOUNT}:task/shop/1`;
      const Condition = { ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${REGION}:${ACCOUNT}:*` }, StringEquals: { 'aws:SourceAccount': ACCOUNT } };
      const service = 'ecs-tasks.amazonaws.com';
      const roleArn = (await admin.createRole({ RoleName: 'task', AssumeRolePolicyDocument: trusting({ Service: service }, { Condition }) })).Role!.Arn!;
      const { credentials } = await assumeRole(here.env, scope, { roleArn, sessionName: '0123', service, conditions: { 'aws:SourceArn': tasks } });
      assert.equal((await new STS(using(credentials)).getCallerIdentity({})).Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/task/0123`);
      assert.match(await refusal(assumeRole(here.env, scope, { roleArn, sessionName: '0123', service })), /^AccessDenied/);
      assert.match(await refusal(assumeRole(here.env, scope, { roleArn, sessionName: '0123', service: 'ec2.amazonaws.com', conditions: { 'aws:SourceArn': tasks } })), /^AccessDenied/);
    });

    test('end their sessions in time, and with themselves', async () => {
      const RoleArn = (await admin.createRole({ RoleName: 'brief', AssumeRolePolicyDocument: trusting({ AWS: `arn:aws:iam::${ACCOUNT}:user/admin` }) })).Role!.Arn!;
      await admin.putRolePolicy({ RoleName: 'brief', PolicyName: 'p', PolicyDocument: allowing('iam:List*') });
      const { Credentials } = await new STS(here.client()).assumeRole({ RoleArn, RoleSessionName: 'bb', DurationSeconds: 900 });
      const session = new IAM(using(Credentials));
      await session.listUsers({});
      await admin.deleteRolePolicy({ RoleName: 'brief', PolicyName: 'p' });
      await admin.deleteRole({ RoleName: 'brief' });
      await admin.createRole({ RoleName: 'brief', AssumeRolePolicyDocument: trusting(EC2) });
      await admin.putRolePolicy({ RoleName: 'brief', PolicyName: 'p', PolicyDocument: allowing('iam:List*') });
      assert.match(await refusal(session.listUsers({})), /^AccessDenied/);
      here.clock.skewMs = 901_000;
      const late = new STS({ ...using(Credentials), systemClockOffset: 901_000 });
      assert.match(await refusal(late.getCallerIdentity({})), /^ExpiredToken/);
      here.clock.skewMs = 0;
    });
  });

  describe('instance profiles', () => {
    test('hand their role to instances', async () => {
      const scope = { account: ACCOUNT, region: REGION };
      await admin.createRole({ RoleName: 'node', AssumeRolePolicyDocument: trusting(EC2) });
      await admin.putRolePolicy({ RoleName: 'node', PolicyName: 'p', PolicyDocument: allowing('iam:ListUsers') });
      await admin.createInstanceProfile({ InstanceProfileName: 'node' });
      const arn = `arn:aws:iam::${ACCOUNT}:instance-profile/node`;
      assert.equal(await instanceCredentials(here.env, scope, arn, 'i-0'), undefined);
      await admin.addRoleToInstanceProfile({ InstanceProfileName: 'node', RoleName: 'node' });
      assert.equal(await refusal(admin.addRoleToInstanceProfile({ InstanceProfileName: 'node', RoleName: 'node' })), 'LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
      assert.equal((await instanceProfile(here.env, scope, 'node'))?.roleName, 'node');
      assert.equal((await instanceProfile(here.env, scope, arn))?.arn, arn);
      assert.equal(await instanceProfile(here.env, scope, `${arn}x`), undefined);
      const first = await instanceCredentials(here.env, scope, arn, 'i-0123');
      assert.deepEqual(await instanceCredentials(here.env, scope, arn, 'i-0123'), first);
      const session = using({ AccessKeyId: first!.AccessKeyId, SecretAccessKey: first!.SecretAccessKey, SessionToken: first!.Token });
      assert.equal((await new STS(session).getCallerIdentity({})).Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/node/i-0123`);
      await new IAM(session).listUsers({});
      here.clock.skewMs = 5.5 * 3600_000;
      assert.notEqual((await instanceCredentials(here.env, scope, arn, 'i-0123'))!.AccessKeyId, first!.AccessKeyId);
      here.clock.skewMs = 0;
      assert.equal(await refusal(admin.deleteInstanceProfile({ InstanceProfileName: 'node' })), 'DeleteConflict: Cannot delete entity, must remove roles from instance profile first.');
      assert.equal(await refusal(admin.deleteRole({ RoleName: 'node' })), 'DeleteConflict: Cannot delete entity, must remove roles from instance profile first.');
      assert.deepEqual((await admin.listInstanceProfilesForRole({ RoleName: 'node' })).InstanceProfiles!.map(({ InstanceProfileName }) => InstanceProfileName), ['node']);
      await admin.removeRoleFromInstanceProfile({ InstanceProfileName: 'node', RoleName: 'node' });
      await admin.deleteInstanceProfile({ InstanceProfileName: 'node' });
    });

    test('take no role that the caller may not pass', async () => {
      const ida = await newUser('ida', allowing('iam:AddRoleToInstanceProfile'));
      await admin.createRole({ RoleName: 'strong', AssumeRolePolicyDocument: trusting(EC2) });
      await admin.createInstanceProfile({ InstanceProfileName: 'strong' });
      assert.match(await refusal(ida.iam.addRoleToInstanceProfile({ InstanceProfileName: 'strong', RoleName: 'strong' })), /is not authorized to perform: iam:PassRole on resource: .*role\/strong/);
      await admin.putUserPolicy({ UserName: 'ida', PolicyName: 'pass', PolicyDocument: allowing('iam:PassRole', '*', { Condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } } }) });
      await ida.iam.addRoleToInstanceProfile({ InstanceProfileName: 'strong', RoleName: 'strong' });
    });
  });

  describe('the account', () => {
    test('has an alias, a summary and an inventory', async () => {
      await admin.createAccountAlias({ AccountAlias: 'shop' });
      assert.deepEqual((await admin.listAccountAliases({})).AccountAliases, ['shop']);
      assert.ok((await admin.getAccountSummary({})).SummaryMap!['Users']! > 0);
      const details = await admin.getAccountAuthorizationDetails({ MaxItems: 1000 });
      assert.ok(details.UserDetailList!.some(({ UserName, AttachedManagedPolicies }) => UserName === 'admin' && AttachedManagedPolicies![0]!.PolicyName === 'AdministratorAccess'));
    });

    test('gives sessions to users', async () => {
      const jan = await newUser('jan', allowing('iam:GetUser'));
      const { Credentials } = await jan.sts.getSessionToken({});
      const session = new STS(using(Credentials));
      assert.equal((await session.getCallerIdentity({})).Arn, jan.arn);
      assert.match(await refusal(session.getSessionToken({})), /^AccessDenied: Cannot call GetSessionToken with session credentials/);
      assert.equal((await new IAM(using(Credentials)).getUser({})).User!.UserName, 'jan');
    });
  });
});
