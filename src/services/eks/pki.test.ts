import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createServer, request } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { test } from 'node:test';
import { makePki, sign } from './pki.ts';

test('certificates are accepted by TLS on both sides, and a stranger to the authority is refused', async () => {
  const now = new Date();
  const pki = await makePki(now, 'token');
  const serving = await sign(pki.clusterCa, { commonName: 'kube-apiserver', uses: ['server'], names: ['a.eks.test'], addresses: ['127.0.0.1', '10.100.0.1'] }, now);
  const server = createServer({ cert: serving.certificate, key: serving.privateKey, ca: pki.clusterCa.certificate, requestCert: true, rejectUnauthorized: true }, (incoming, response) => {
    const { O, CN } = (incoming.socket as TLSSocket).getPeerCertificate().subject;
    response.end(`${O}/${CN}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const get = (client: { certificate: string; privateKey: string }) => new Promise<string>((resolve, reject) => {
    request({
      host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername: 'a.eks.test',
      ca: pki.clusterCa.certificate, cert: client.certificate, key: client.privateKey, agent: false,
    }, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += String(chunk); }).on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject).end();
  });
  try {
    assert.equal(await get(pki.admin), 'system:masters/gantry');
    await assert.rejects(get(pki.etcdClient));
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const parsed = new X509Certificate(serving.certificate);
  assert.ok(parsed.checkIP('10.100.0.1'));
  assert.equal(parsed.checkHost('b.eks.test'), undefined);
  assert.equal(createPrivateKey(pki.serviceAccount.privateKey).asymmetricKeyType, 'rsa');
});
