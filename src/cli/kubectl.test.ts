import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fits } from './kubectl.ts';

it('kubectl fits a cluster from one minor version below to one above', () => {
  const wanted = '1.36.3';
  for (const found of ['v1.35.0', 'v1.36.9', 'v1.37.1', 'v1.36.2-eks-abcdef']) assert.ok(fits({ found, wanted }), found);
  for (const found of ['v1.32.4', 'v1.38.0', 'v2.36.0', '', undefined]) assert.ok(!fits({ found, wanted }), found);
});
