import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AssumeRootCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { freePort } from '../../test/fixtures/free-port.ts';
import { startControlPlane } from './control-plane.ts';

/** A whole control plane, called by the SDK over HTTP. */
const KEY = { accessKeyId: 'AKIATESTTESTTESTTEST', secretAccessKey: 'secret/with+signs' };

describe('the gateway', () => {
  let port: number;
  const stateDir = mkdtempSync(join(tmpdir(), 'gantry-gateway-'));
  let controlPlane: { close(): Promise<void> };
  before(async () => {
    port = await freePort();
    writeFileSync(join(stateDir, 'admin.json'), JSON.stringify(KEY));
    writeFileSync(join(stateDir, 'host.token'), 'host-token\n');
    const installation = { name: 'test', account: '123456789012', region: 'eu-central-1', zones: ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'], domain: 'test.internal', port, publicCidr: '198.18.0.0/22', stateDir };
    controlPlane = await startControlPlane(installation);
  });
  after(async () => {
    await controlPlane.close();
    rmSync(stateDir, { recursive: true });
  });

  const sts = (credentials: object = {}, region = 'eu-central-1') =>
    new STSClient({ region, endpoint: `http://127.0.0.1:${port}`, maxAttempts: 1, credentials: { ...KEY, ...credentials } });
  const refusal = (promise: Promise<unknown>) => promise.then(() => assert.fail('should have been refused'), (error: Error & { $metadata: { httpStatusCode?: number } }) => [error.name, error.$metadata.httpStatusCode]);

  it('knows who calls', async () => {
    const { Account, Arn } = await sts().send(new GetCallerIdentityCommand({}));
    assert.equal(Account, '123456789012');
    assert.match(Arn ?? '', /^arn:aws:iam::123456789012:user\//);
  });

  it('refuses what is not validly signed', async () => {
    const identity = new GetCallerIdentityCommand({});
    assert.deepEqual(await refusal(sts({ secretAccessKey: 'wrong' }).send(identity)), ['SignatureDoesNotMatch', 403]);
    assert.deepEqual(await refusal(sts({ accessKeyId: 'AKIANOBODYNOBODYNOBO' }).send(identity)), ['InvalidClientTokenId', 403]);
    assert.deepEqual(await refusal(sts({ sessionToken: 'made up' }).send(identity)), ['InvalidClientTokenId', 403]);
    assert.deepEqual(await refusal(sts({}, 'mars-north-1').send(identity)), ['SignatureDoesNotMatch', 403]);
    const unsigned = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' });
    assert.equal(unsigned.status, 403);
    assert.match(await unsigned.text(), /<Code>MissingAuthenticationToken<\/Code>/);
  });

  it('refuses a body that is too long, and answers who asks next', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = (bytes: number) => new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject);
      sent.end(Buffer.alloc(bytes));
    });
    // Who is still sending may find the connection closed before the answer.
    assert.ok([413, 'ECONNRESET', 'EPIPE'].includes(await post(34 * 1024 * 1024).catch((error: NodeJS.ErrnoException) => error.code ?? '') as string | number));
    assert.equal(await post(10), 403);
    agent.destroy();
  });

  it('says so where an operation is not implemented', async () => {
    const call = sts().send(new AssumeRootCommand({ TargetPrincipal: '1'.repeat(12), TaskPolicyArn: { arn: 'arn:aws:iam::aws:policy/x-x-x-x-x-x-x' } }));
    assert.deepEqual(await refusal(call), ['NotImplemented', 501]);
  });

  it('streams what is wished to a host, and takes what it saw', async () => {
    const url = `http://127.0.0.1:${port}/_gantry/hosts/host-t`;
    const headers = { authorization: 'Bearer host-token' };
    assert.equal((await fetch(`${url}/desired`)).status, 401);
    assert.equal((await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ vcpus: 2, memoryMiB: 1024, zones: [], agentVersion: '1' }) })).status, 200);
    const observed = await fetch(`${url}/observed`, { method: 'PUT', headers, body: JSON.stringify([{ kind: 'network', id: 'vpc-1', value: { applied: true } }]) });
    assert.equal(observed.status, 200);
    const abort = new AbortController();
    const stream = (await fetch(`${url}/desired`, { headers, signal: abort.signal })).body!.getReader();
    const first = JSON.parse(new TextDecoder().decode((await stream.read()).value)) as { snapshot: unknown[] };
    assert.ok(Array.isArray(first.snapshot));
    abort.abort();
    const health = await (await fetch(`http://127.0.0.1:${port}/_gantry/health`)).json();
    assert.deepEqual(health, { status: 'ok', name: 'test', hosts: 1 });
  });
});
