import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyFilters, wildcard } from './filters.ts';
import { page } from './paging.ts';

const items: { id: string; size: number; open: boolean; tags: Record<string, string> }[] = [
  { id: 'a', size: 1, open: true, tags: { Name: 'web-1', env: 'prod' } },
  { id: 'b', size: 2, open: false, tags: { Name: 'web-2' } },
  { id: 'c', size: 3, open: true, tags: { Name: 'db*' } },
];
const ids = (filters: { Name: string; Values: string[] }[]) =>
  applyFilters(items, filters, { id: ({ id }) => id, size: ({ size }) => size, open: ({ open }) => open, all: ({ id, size }) => [id, String(size)] }, ({ tags }) => tags).map(({ id }) => id).join('');

describe('filters', () => {
  it('take any of a filter\'s values and all of the filters', () => {
    assert.equal(ids([]), 'abc');
    assert.equal(ids([{ Name: 'size', Values: ['1', '3'] }]), 'ac');
    assert.equal(ids([{ Name: 'size', Values: ['1', '3'] }, { Name: 'open', Values: ['true'] }, { Name: 'id', Values: ['c'] }]), 'c');
    assert.equal(ids([{ Name: 'all', Values: ['b', '3'] }]), 'bc');
    assert.equal(ids([{ Name: 'id', Values: ['A'] }]), '');
  });

  it('know tags by value, key and both', () => {
    assert.equal(ids([{ Name: 'tag:Name', Values: ['web-*'] }]), 'ab');
    assert.equal(ids([{ Name: 'tag:Name', Values: ['web-?'] }, { Name: 'tag-key', Values: ['env'] }]), 'a');
    assert.equal(ids([{ Name: 'tag-value', Values: ['prod'] }]), 'a');
    assert.equal(ids([{ Name: 'tag:Name', Values: ['db\\*'] }]), 'c');
  });

  it('refuse a name that they do not know', () => assert.throws(() => ids([{ Name: 'colour', Values: ['red'] }]), /The filter 'colour' is invalid/));

  it('take wildcards, and everything else as it is', () => {
    assert.ok(wildcard('a.c*')('a.c/d'));
    assert.ok(!wildcard('a.c*')('abc'));
    assert.ok(wildcard('?')('x'));
    assert.ok(!wildcard('?')(''));
    assert.ok(wildcard('10.0.0.0/8')('10.0.0.0/8'));
  });
});

describe('pages', () => {
  const all = ['a', 'b', 'c', 'd', 'e'];
  it('follow one another, also when what was last is gone', () => {
    const first = page(all, { MaxResults: 2 }, (item) => item);
    assert.deepEqual(first.items, ['a', 'b']);
    const second = page(all.filter((item) => item !== 'b'), { MaxResults: 2, NextToken: first.NextToken }, (item) => item);
    assert.deepEqual(second.items, ['c', 'd']);
    assert.deepEqual(page(all, { MaxResults: 2, NextToken: second.NextToken }, (item) => item), { items: ['e'], NextToken: undefined });
  });
  it('are one where there is room', () => assert.deepEqual(page(all, {}, (item) => item), { items: all, NextToken: undefined }));
});
