import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestContext } from '../../../control/service.ts';
import { instanceOperations } from './instances.ts';

test('an empty list of ids, which a form may carry, is no list of all instances', async () => {
  const untouched = {} as RequestContext;
  for (const name of ['TerminateInstances', 'StopInstances', 'StartInstances', 'RebootInstances'] as const) {
    await assert.rejects(Promise.resolve(instanceOperations[name]({ InstanceIds: [] }, untouched)), { name: 'MissingParameter', message: 'The request must contain the parameter InstanceId' });
  }
});
