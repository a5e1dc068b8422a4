import type { Env } from '../../control/service.ts';
import { images } from '../ec2/index.ts';
import type { Parameter } from './records.ts';

/**
 * The parameters under /aws/service that tell which machine image is the current one:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html. Every name leads to Gantry's own image,
 * which keeps the user-data contract of those that AWS makes.
 */
export function publicParameters(env: Env): Map<string, Parameter> {
  const image = images.find(({ recipe }) => recipe === 'ecs-optimized');
  if (!image) return new Map();
  const arm = image.architecture === 'arm64';
  const ecs = ['amazon-linux-2023', 'amazon-linux-2', ...(arm ? ['amazon-linux-2023/arm64', 'amazon-linux-2/arm64'] : ['amazon-linux-2/kernel-5.10'])];
  const facts: Record<string, string> = {
    ecs_agent_version: '1.0.0', ecs_runtime_version: 'containerd', image_id: image.id, image_name: image.name, image_version: image.createdAt.slice(0, 10), os: 'Debian GNU/Linux',
    schema_version: '1', source_image_name: 'debian',
  };
  const entries = ecs.flatMap((family): [string, string][] => {
    const path = `/aws/service/ecs/optimized-ami/${family}/recommended`;
    return [[path, JSON.stringify({ ...facts, schema_version: 1 })], ...Object.entries(facts).map(([name, value]): [string, string] => [`${path}/${name}`, value])];
  });
  const plain = ['al2023-ami-kernel-default', 'al2023-ami-kernel-6.1', 'al2023-ami-minimal-kernel-default', 'amzn2-ami-hvm', 'amzn2-ami-kernel-5.10-hvm']
    .map((name): [string, string] => [`/aws/service/ami-amazon-linux-latest/${name}-${image.architecture}${name.startsWith('amzn2') ? '-gp2' : ''}`, image.id]);
  return new Map([...entries, ...plain, ...eks()].map(([name, value]) => [name, record(env, name, value, image.createdAt)]));
}

/** https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html */
function eks(): [string, string][] {
  const image = images.find(({ recipe }) => recipe === 'eks-optimized');
  if (!image) return [];
  const facts = { image_id: image.id, image_name: image.name, release_version: `1.36.3-${image.createdAt.slice(0, 10).replaceAll('-', '')}` };
  return ['1.36/amazon-linux-2', `1.36/amazon-linux-2023/${image.architecture}/standard`].flatMap((family) =>
    Object.entries(facts).map(([name, value]): [string, string] => [`/aws/service/eks/optimized-ami/${family}/recommended/${name}`, value]));
}

const record = (env: Env, name: string, value: string, modifiedAt: string): Parameter => ({
  name, value, version: 1, type: 'String', tier: 'Standard', dataType: value.startsWith('ami-') ? 'aws:ec2:image' : 'text', modifiedAt,
  modifiedBy: `arn:aws:iam::${env.installation.account}:root`, labels: [], tags: {},
});
