import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { define } from './define.ts';

const facts = { now: '2026-01-01T00:00:00.000Z', by: 'me', tags: {} };
const container = (change: Partial<ContainerDefinition> = {}): ContainerDefinition => ({ name: 'web', image: 'nginx', memory: 64, ...change });
const made = (change: Partial<RegisterTaskDefinitionRequest> = {}) => define({ family: 'web', containerDefinitions: [container()], ...change }, facts);
const refuses = (change: Partial<RegisterTaskDefinitionRequest>, words: RegExp) => assert.throws(() => made(change), words);

describe('a task definition', () => {
  it('gets the defaults that ECS answers with', () => {
    const { containerDefinitions: [first], compatibilities, networkMode } = made({ containerDefinitions: [container({ portMappings: [{ containerPort: 80 }] })] });
    assert.deepEqual(first, { name: 'web', image: 'nginx', memory: 64, cpu: 0, essential: true, portMappings: [{ containerPort: 80, hostPort: 0, protocol: 'tcp' }], environment: [], mountPoints: [], volumesFrom: [], systemControls: [] });
    assert.deepEqual(compatibilities, ['EXTERNAL', 'EC2']);
    assert.equal(networkMode, undefined);
  });

  it('has sizes in one form, and is for Fargate where it could be', () => {
    const sized = made({ networkMode: 'awsvpc', cpu: '.25 vCPU', memory: '1 GB', containerDefinitions: [container({ portMappings: [{ containerPort: 80 }] })] });
    assert.deepEqual([sized.cpu, sized.memory, sized.compatibilities], ['256', '1024', ['EC2', 'FARGATE']]);
    assert.equal(sized.containerDefinitions[0]?.portMappings?.[0]?.hostPort, 80);
    refuses({ networkMode: 'awsvpc', cpu: '256', memory: '4096', requiresCompatibilities: ['FARGATE'] }, /No Fargate configuration exists for given values: 256 CPU, 4096 memory/);
    refuses({ requiresCompatibilities: ['FARGATE'], cpu: '256', memory: '512' }, /Fargate only supports network mode/);
  });

  it('names what an agent must be able to do, also where none of ours is', () => {
    const { requiresAttributes } = made({
      volumes: [{ name: 'v', dockerVolumeConfiguration: { driver: 'rexray' } }],
      containerDefinitions: [container({
        environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/f.env' }], firelensConfiguration: { type: 'fluentbit' }, portMappings: [{ containerPortRange: '80-90' }],
        dockerSecurityOptions: ['label:type:t'], secrets: [{ name: 'A', valueFrom: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:a' }, { name: 'B', valueFrom: '/b' }],
      })],
    });
    assert.deepEqual(requiresAttributes, [
      'com.amazonaws.ecs.capability.selinux',
      ...['container-port-range', 'docker-plugin.rexray', 'env-files.s3', 'firelens.fluentbit', 'secrets.asm.environment-variables', 'secrets.ssm.environment-variables'].map((name) => `ecs.capability.${name}`),
    ]);
    refuses({ containerDefinitions: [container({ disableNetworking: true })] }, /disableNetworking is not implemented/);
  });

  it('is not for Fargate where it asks for what Fargate has not', () => {
    const fargate = (change: Partial<ContainerDefinition>, rest: Partial<RegisterTaskDefinitionRequest> = {}): Partial<RegisterTaskDefinitionRequest> =>
      ({ networkMode: 'awsvpc', cpu: '256', memory: '512', requiresCompatibilities: ['FARGATE'], containerDefinitions: [container(change)], ...rest });
    assert.deepEqual(made(fargate({ linuxParameters: { capabilities: { add: ['SYS_PTRACE'] } } }, { pidMode: 'task' })).compatibilities, ['EC2', 'FARGATE']);
    refuses(fargate({ privileged: true }), /'privileged' setting is not supported/);
    refuses(fargate({ linuxParameters: { capabilities: { add: ['NET_ADMIN'] } } }), /'SYS_PTRACE'/);
    refuses(fargate({ linuxParameters: { devices: [{ hostPath: '/dev/fuse' }] } }), /do not support devices/);
    refuses(fargate({ links: ['other'] }), /Links are not supported when networkMode=awsvpc/);
    refuses(fargate({ logConfiguration: { logDriver: 'json-file' } }), /log driver json-file/);
    refuses(fargate({}, { volumes: [{ name: 'v', host: { sourcePath: '/' } }] }), /do not support sourcePath/);
    refuses(fargate({}, { ipcMode: 'task' }), /do not support ipcMode/);
    refuses(fargate({}, { pidMode: 'host' }), /pidMode 'host'/);
    refuses(fargate({}, { placementConstraints: [{ type: 'memberOf', expression: 'attribute:a == b' }] }), /placementConstraints/);
    refuses(fargate({}, { ephemeralStorage: { sizeInGiB: 20 } }), /between 21 and 200/);
  });

  it('says what an agent must be able to do', () => {
    const { requiresAttributes } = made({
      executionRoleArn: 'arn:aws:iam::123456789012:role/x', networkMode: 'awsvpc',
      containerDefinitions: [container({ image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/a', privileged: true, logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': 'r' } } })],
    });
    assert.deepEqual(requiresAttributes, [
      'com.amazonaws.ecs.capability.ecr-auth', 'com.amazonaws.ecs.capability.logging-driver.awslogs', 'com.amazonaws.ecs.capability.privileged-container', 'ecs.capability.execution-role-awslogs',
      'ecs.capability.execution-role-ecr-pull', 'ecs.capability.task-eni',
    ]);
  });

  it('is refused where it could not run', () => {
    refuses({ family: 'a b' }, /Family contains invalid characters/);
    refuses({ containerDefinitions: [] }, /Container list cannot be empty/);
    refuses({ containerDefinitions: [container({ image: '' })] }, /Container\.image should not be null or empty/);
    refuses({ containerDefinitions: [{ name: 'web', image: 'nginx' }] }, /At least one of 'memory' or 'memoryReservation' must be specified/);
    refuses({ containerDefinitions: [container(), container()] }, /Container\.name must be unique/);
    refuses({ containerDefinitions: [container({ essential: false })] }, /at least one essential container/);
    refuses({ containerDefinitions: [container({ mountPoints: [{ sourceVolume: 'data', containerPath: '/data' }] })] }, /Unknown volume 'data'/);
    refuses({ networkMode: 'host', containerDefinitions: [container({ portMappings: [{ containerPort: 80, hostPort: 8080 }] })] }, /When networkMode=host, the host ports and container ports in port mappings must match/);
    refuses({ containerDefinitions: [container({ dependsOn: [{ containerName: 'b', condition: 'START' }] }), container({ name: 'b', dependsOn: [{ containerName: 'web', condition: 'START' }] })] }, /circular dependency/);
  });
});
