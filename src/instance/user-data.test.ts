import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parts } from './user-data.ts';

const plain = (data: string | Buffer) => parts(Buffer.from(data)).map(({ type, content }) => [type, content.toString()]);

test('a part is told by its first line, also when it is gzipped', () => {
  assert.deepEqual(plain(''), []);
  assert.deepEqual(plain('#!/bin/sh\ntrue\n'), [['text/x-shellscript', '#!/bin/sh\ntrue\n']]);
  assert.deepEqual(plain(gzipSync('#!/bin/sh\ntrue\n')), [['text/x-shellscript', '#!/bin/sh\ntrue\n']]);
  assert.deepEqual(plain('#cloud-config\nruncmd: []\n'), [['text/cloud-config', '#cloud-config\nruncmd: []\n']]);
  assert.deepEqual(plain('---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n').map(([type]) => type), ['application/node.eks.aws']);
  assert.deepEqual(plain('hello'), [['text/plain', 'hello']]);
});

test('MIME multipart, as the ECS guide writes it', () => {
  const mime = [
    'Content-Type: multipart/mixed; boundary="==BOUNDARY=="', 'MIME-Version: 1.0', '',
    'preamble, not a part',
    '--==BOUNDARY==', 'Content-Type: text/cloud-boothook; charset="us-ascii"', '', '#cloud-boothook', 'one', '',
    '--==BOUNDARY==', 'Content-Type: text/x-shellscript; charset="us-ascii"', 'Content-Transfer-Encoding: base64', '',
    Buffer.from('#!/bin/bash\nécho\n').toString('base64'),
    '--==BOUNDARY==--', 'epilogue',
  ];
  for (const lineBreak of ['\n', '\r\n']) {
    assert.deepEqual(plain(mime.join(lineBreak)), [
      ['text/cloud-boothook', ['#cloud-boothook', 'one', ''].join(lineBreak)],
      ['text/x-shellscript', '#!/bin/bash\nécho\n'],
    ]);
  }
});
