import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pageOf } from './page.ts';

const own = (text: string) => text;

it('shows everything once, page after page', () => {
  const items = ['a', 'b', 'c', 'd', 'e'];
  const seen: string[] = [];
  let token: string | undefined;
  do {
    const page = pageOf(items, own, 2, token)!;
    seen.push(...page.items);
    token = page.next;
  } while (token);
  assert.deepEqual(seen, items);
  assert.deepEqual(pageOf(items, own, 5), { items });
});

it('goes on at the right place though the list changed', () => {
  const { next } = pageOf(['a', 'c', 'e', 'g'], own, 2)!;
  assert.deepEqual(pageOf(['a', 'b', 'c', 'e', 'g'], own, 9, next)!.items, ['e', 'g']);
  assert.deepEqual(pageOf(['a', 'd', 'e', 'g'], own, 9, next)!.items, ['d', 'e', 'g']);
});

it('knows a token that nobody was given', () => {
  assert.equal(pageOf(['a'], own, 1, '!'), undefined);
  assert.equal(pageOf(['a'], own, 1, ''), undefined);
});
