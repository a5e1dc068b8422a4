import * as sdk from '@aws-sdk/client-ecr';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { garbage } from './controllers/garbage.ts';
import { lifecycle } from './controllers/lifecycle.ts';
import { invalidInput } from './errors.ts';
import { missing, operations } from './operations.ts';
import { registry } from './registry/surface.ts';
import { seedSigningKey } from './token.ts';

/** For services that call it in its own shapes: `asService(ecrOperations, …)`. */
export { operations as ecrOperations } from './operations.ts';

/**
 * Elastic Container Registry, after https://docs.aws.amazon.com/AmazonECR/latest/APIReference/, and its registry, after the OCI
 * distribution spec 1.1, at `<account>.dkr.ecr.<region>.<domain>:<port>` over plain HTTP.
 *
 * Faithful to: repositories, images and layers by API and by registry, authorization tokens checked against IAM at each use, immutable
 * tags, lifecycle policies that expire images, garbage collection.
 * Missing: scanning (its settings are kept, nothing is scanned), replication, pull-through caches, creation templates, signing, KMS.
 * By design: expiry is looked at hourly; a link to a layer leads to this registry, not to S3; a repository's policy is judged where
 * images are pushed and pulled, while API calls are judged by the caller's own policies alone.
 */
export const ecr: Service = {
  name: 'ecr',
  protocol: { name: 'awsJson1_1', targetPrefix: 'AmazonEC2ContainerRegistry_V20150921' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: ([fault]) => invalidInput(fault!),
  controllers: [lifecycle, garbage],
  seed: seedSigningKey,
  surfaces: [registry],
};
