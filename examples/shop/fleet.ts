import { AutoScalingClient, CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { AuthorizeSecurityGroupIngressCommand, CreateLaunchTemplateCommand, CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateClusterCommand, DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import { AddRoleToInstanceProfileCommand, AttachRolePolicyCommand, CreateInstanceProfileCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { unless, until } from './steps.ts';

/** An ECS cluster on an Auto Scaling group of instances that join it through user data, one a zone. */
export const CLUSTER = 'shop';
const ROLE = 'shopInstanceRole';
const INSTANCES = 3;

export interface Network {
  vpcId: string;
  subnetIds: string[];
  /** Open on port 80: the balancer's. */
  publicGroup: string;
  /** Open to the balancer: the instances' and tasks'. */
  privateGroup: string;
}

export async function ensureNetwork(): Promise<Network> {
  const ec2 = new EC2Client({});
  const vpcId = (await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }))).Vpcs![0]!.VpcId!;
  const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }));
  const publicGroup = await ensureGroup(ec2, vpcId, 'shop-public', { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
  const privateGroup = await ensureGroup(ec2, vpcId, 'shop-private', { IpProtocol: 'tcp', FromPort: 1024, ToPort: 65535, UserIdGroupPairs: [{ GroupId: publicGroup }] });
  return { vpcId, subnetIds: Subnets!.map((subnet) => subnet.SubnetId!), publicGroup, privateGroup };
}

async function ensureGroup(ec2: EC2Client, vpcId: string, name: string, rule: object): Promise<string> {
  const created = await unless('InvalidGroup.Duplicate', () => ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: vpcId })));
  const filters = [{ Name: 'vpc-id', Values: [vpcId] }, { Name: 'group-name', Values: [name] }];
  const groupId = created?.GroupId ?? (await ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters }))).SecurityGroups![0]!.GroupId!;
  await unless('InvalidPermission.Duplicate', () => ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [rule] })));
  return groupId;
}

export async function ensureRole(): Promise<void> {
  const iam = new IAMClient({});
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }] };
  await unless('EntityAlreadyExistsException', () => iam.send(new CreateRoleCommand({ RoleName: ROLE, AssumeRolePolicyDocument: JSON.stringify(trust) })));
  await iam.send(new AttachRolePolicyCommand({ RoleName: ROLE, PolicyArn: 'arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role' }));
  await unless('EntityAlreadyExistsException', () => iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: ROLE })));
  await unless('LimitExceededException', () => iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: ROLE, RoleName: ROLE })));
}

export async function ensureFleet({ subnetIds, privateGroup }: Network): Promise<void> {
  await new ECSClient({}).send(new CreateClusterCommand({ clusterName: CLUSTER }));
  const image = await new SSMClient({}).send(new GetParameterCommand({ Name: '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id' }));
  const userData = `#!/bin/bash\necho ECS_CLUSTER=${CLUSTER} >> /etc/ecs/ecs.config\n`;
  await unless('InvalidLaunchTemplateName.AlreadyExistsException', () => new EC2Client({}).send(new CreateLaunchTemplateCommand({
    LaunchTemplateName: CLUSTER,
    LaunchTemplateData: {
      ImageId: image.Parameter!.Value!, InstanceType: 't3.medium', IamInstanceProfile: { Name: ROLE },
      SecurityGroupIds: [privateGroup], UserData: Buffer.from(userData).toString('base64'),
    },
  })));
  await unless('AlreadyExistsFault', () => new AutoScalingClient({}).send(new CreateAutoScalingGroupCommand({
    AutoScalingGroupName: CLUSTER, LaunchTemplate: { LaunchTemplateName: CLUSTER, Version: '$Latest' },
    MinSize: INSTANCES, MaxSize: 2 * INSTANCES, DesiredCapacity: INSTANCES, VPCZoneIdentifier: subnetIds.join(','),
  })));
}

export async function fleetJoined(): Promise<void> {
  const ecs = new ECSClient({});
  await until('the instances have joined the cluster', 120, async () => {
    const { clusters } = await ecs.send(new DescribeClustersCommand({ clusters: [CLUSTER] }));
    return clusters![0]!.registeredContainerInstancesCount! >= INSTANCES;
  });
}
