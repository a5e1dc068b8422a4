import type { Service } from '../control/service.ts';
import { autoscaling } from './autoscaling/index.ts';
import { ec2 } from './ec2/index.ts';
import { ecr } from './ecr/index.ts';
import { ecs } from './ecs/index.ts';
import { eks } from './eks/index.ts';
import { elasticloadbalancing } from './elasticloadbalancing/index.ts';
import { iam } from './iam/index.ts';
import { logs } from './logs/index.ts';
import { ssm } from './ssm/index.ts';
import { sts } from './sts/index.ts';

/** Every service of Gantry: the one list that the gateway and the controllers' manager read. */
export const services: Service[] = [iam, ec2, ecr, ecs, autoscaling, eks, elasticloadbalancing, logs, ssm, sts];
