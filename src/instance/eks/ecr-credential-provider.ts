/**
 * The kubelet's credential provider for ECR (https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/): a
 * request on standard input, the registry's login on standard output.
 */
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { text } from 'node:stream/consumers';

const { image } = JSON.parse(await text(process.stdin)) as { image: string };
const client = new ECRClient({});
const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
client.destroy();
const [username = '', password = ''] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString().split(/:([^]*)/);

console.log(JSON.stringify({
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1', kind: 'CredentialProviderResponse', cacheKeyType: 'Registry', cacheDuration: '6h0m0s',
  auth: { [image.split('/')[0]!]: { username, password } },
}));
