import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { IAM } from '@aws-sdk/client-iam';
import { STS } from '@aws-sdk/client-sts';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { ACCOUNT, refusal, type Served, served } from '../../../test/served.ts';
import { authority, sign } from '../eks/pki.ts';
import { iam } from '../iam/index.ts';
import { sts } from './index.ts';

/** An issuer on loopback, as any that is no cluster's: its documents over TLS, its certificate known by the authority's thumbprint. */
describe('a role by a web identity token', () => {
  let here: Served;
  let admin: IAM;
  let anybody: STS;
  let server: Server;
  let issuer: string;
  let host: string;
  let key: CryptoKey;
  const keys: JWK[] = [];

  before(async () => {
    here = await served([iam, sts]);
    admin = new IAM(here.client());
    anybody = new STS({ ...here.client(), credentials: { accessKeyId: 'none', secretAccessKey: 'none' } });
    const ca = await authority('an issuer', new Date());
    const { certificate, privateKey } = await sign(ca, { commonName: 'localhost', uses: ['server'], names: ['localhost'] }, new Date());
    server = createServer({ key: privateKey, cert: certificate + ca.certificate }, ({ url }, response) => {
      response.end(JSON.stringify(url === '/id/A/keys' ? { keys } : { jwks_uri: `${issuer}/keys` }));
    }).listen(0, 'localhost');
    await once(server, 'listening');
    host = `localhost:${(server.address() as AddressInfo).port}/id/A`;
    issuer = `https://${host}`;
    const pair = await generateKeyPair('RS256');
    key = pair.privateKey;
    keys.push({ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' });
    const { OpenIDConnectProviderArn: Federated } = await admin.createOpenIDConnectProvider({ Url: issuer, ClientIDList: ['sts.amazonaws.com'] });
    const Condition = { StringLike: { [`${host}:sub`]: 'system:serviceaccount:shop:*' }, StringEquals: { [`${host}:aud`]: 'sts.amazonaws.com' } };
    await admin.createRole({ RoleName: 'reader', AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Federated }, Action: 'sts:AssumeRoleWithWebIdentity', Condition }] }) });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await here.close();
  });

  const now = () => Math.floor(Date.now() / 1000);
  const token = (claims: JWTPayload = {}, { kid = 'one', by = key, alg = 'RS256' } = {}) =>
    new SignJWT({ iss: issuer, sub: 'system:serviceaccount:shop:web', aud: ['sts.amazonaws.com'], iat: now(), exp: now() + 600, ...claims }).setProtectedHeader({ alg, kid }).sign(by);
  const assume = (WebIdentityToken: string, RoleArn = `arn:aws:iam::${ACCOUNT}:role/reader`) => anybody.assumeRoleWithWebIdentity({ RoleArn, RoleSessionName: 'web', WebIdentityToken });

  test('is given to whom the trust policy lets in', async () => {
    const { Credentials, ...rest } = await assume(await token());
    assert.equal(rest.SubjectFromWebIdentityToken, 'system:serviceaccount:shop:web');
    assert.equal(rest.Audience, 'sts.amazonaws.com');
    assert.equal(rest.Provider, `arn:aws:iam::${ACCOUNT}:oidc-provider/${host}`);
    assert.equal(rest.AssumedRoleUser?.Arn, `arn:aws:sts::${ACCOUNT}:assumed-role/reader/web`);
    const session = new STS(here.client({ accessKeyId: Credentials!.AccessKeyId, secretAccessKey: Credentials!.SecretAccessKey, sessionToken: Credentials!.SessionToken }));
    assert.equal((await session.getCallerIdentity({})).Arn, rest.AssumedRoleUser?.Arn);
  });

  test('is refused in AWS\'s words to anybody else', async () => {
    const denied = 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity';
    assert.equal(await refusal(assume(await token({ sub: 'system:serviceaccount:other:web' }))), denied);
    assert.equal(await refusal(assume(await token(), `arn:aws:iam::${ACCOUNT}:role/none`)), denied);
    assert.equal(await refusal(assume(await token({ aud: 'another' }))), 'InvalidIdentityToken: Incorrect token audience');
    assert.equal(await refusal(assume(await token({ iss: 'https://elsewhere.example' }))), 'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://elsewhere.example');
    assert.equal(await refusal(assume('no.such.token')), 'InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)');
    assert.match(await refusal(assume(await token({ iat: now() - 900, exp: now() - 300 }))), /^ExpiredToken: Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/);
    assert.match(await refusal(assume(await token({}, { kid: 'two' }))), /^InvalidIdentityToken: Couldn't retrieve verification key/);
  });

  test('is refused to a token that another key has signed, or none', async () => {
    const stranger = await generateKeyPair('RS256');
    assert.equal(await refusal(assume(await token({}, { by: stranger.privateKey }))), 'InvalidIdentityToken: Token signature invalid');
    const [header, payload] = (await token()).split('.');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    assert.match(await refusal(assume(`${unsigned}.${payload}.`)), /^InvalidIdentityToken: /);
    assert.match(await refusal(assume(`${header}.${payload}.`)), /^InvalidIdentityToken: /);
  });

  test('is also given by ECDSA', async () => {
    const pair = await generateKeyPair('ES256');
    keys.push({ ...(await exportJWK(pair.publicKey)), kid: 'elliptic', alg: 'ES256', use: 'sig' });
    assert.ok((await assume(await token({}, { kid: 'elliptic', by: pair.privateKey, alg: 'ES256' }))).Credentials);
  });

  test('is refused where the issuer shows another certificate than the provider says', async () => {
    const OpenIDConnectProviderArn = `arn:aws:iam::${ACCOUNT}:oidc-provider/${host}`;
    const { ThumbprintList } = await admin.getOpenIDConnectProvider({ OpenIDConnectProviderArn });
    await admin.updateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList: ['0'.repeat(40)] });
    assert.match(await refusal(assume(await token())), /^InvalidIdentityToken: Couldn't retrieve verification key/);
    await admin.updateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList });
    assert.ok((await assume(await token())).Credentials);
  });

  test('does not let in who asks for another operation without a signature', async () => {
    const response = await fetch(here.client().endpoint, { method: 'POST', body: 'Action=GetCallerIdentity&Version=2011-06-15' });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /MissingAuthenticationToken/);
  });
});
