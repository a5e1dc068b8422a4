import assert from 'node:assert/strict';
import { it } from 'node:test';
import { arrows } from './arrows.ts';
import { sizes } from './sizes.ts';

const importing = (path: string, target: string) => arrows([{ path, text: `import { x } from '${target}';` }]).length;

it('lets imports run downwards only', () => {
  assert.equal(importing('src/control/a.ts', '../store/store.ts'), 0);
  assert.equal(importing('src/store/a.ts', '../control/service.ts'), 1);
  assert.equal(importing('src/services/ecs/a.ts', '../../gateway/api.ts'), 1);
  assert.equal(importing('src/agent/a.ts', '../control/service.ts'), 1);
});

it('lets a service into another by its door only', () => {
  assert.equal(importing('src/services/ecs/a.ts', '../ec2/index.ts'), 0);
  assert.equal(importing('src/services/ecs/a.ts', '../ec2/records.ts'), 1);
  assert.equal(importing('src/services/ecs/x/a.ts', '../records.ts'), 0);
});

it('holds files to what one sitting reads', () => {
  assert.equal(sizes([{ path: 'a.ts', text: 'x\n'.repeat(400) }]).length, 0);
  assert.equal(sizes([{ path: 'a.ts', text: 'x\n'.repeat(401) }]).length, 1);
});
