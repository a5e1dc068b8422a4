import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tokens } from './tokens.ts';
import { lookUp, tree, type Subject } from './tree.ts';

/**
 * The instance metadata service, versions 1 and 2, after
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html.
 * HttpPutResponseHopLimit is not enforced: Node cannot set a response's TTL.
 */
export async function serve(request: IncomingMessage, response: ServerResponse, subject: Subject | undefined, tokens: Tokens): Promise<void> {
  if (!subject) return fail(response, 404);
  const { metadata } = subject.instance;
  if (metadata.httpEndpoint === 'disabled') return fail(response, 403);
  const [version = '', ...path] = (request.url ?? '/').split('?')[0]!.split('/').slice(1).map(decode);
  if (request.method === 'PUT' && version === 'latest' && path.join('/') === 'api/token') return issueToken(request, response, subject.id, tokens);
  if (request.method !== 'GET' && request.method !== 'HEAD') return fail(response, 405);
  const token = request.headers['x-aws-ec2-metadata-token'];
  if (typeof token === 'string' ? !tokens.valid(token, subject.id) : metadata.httpTokens === 'required') return fail(response, 401);
  if (version === '') return answer(response, [...versions, 'latest'].join('\n'));
  if (version !== 'latest' && !versions.includes(version)) return fail(response, 404);
  if (path.join('/') === 'user-data') {
    const { userData } = subject.instance;
    return userData ? answer(response, Buffer.from(userData, 'base64'), 'application/octet-stream') : fail(response, 404);
  }
  const root = tree(subject);
  const value = await lookUp(subject.instance.userData ? { ...root, 'user-data': '' } : root, path);
  return value === undefined ? fail(response, 404) : answer(response, value);
}

/** Some of the dated versions that AWS lists; all of them answer the latest. */
const versions = ['2016-09-02', '2018-09-24', '2019-10-01', '2020-10-27', '2021-01-03', '2021-03-23', '2021-07-15', '2022-09-24', '2024-04-11'];
const mostTtlSeconds = 21_600;
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';

function issueToken(request: IncomingMessage, response: ServerResponse, instanceId: string, tokens: Tokens): void {
  // A proxy between: AWS's guard against server-side request forgery.
  if (request.headers['x-forwarded-for'] !== undefined) return fail(response, 403);
  const ttl = Number(request.headers[ttlHeader] ?? Number.NaN);
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > mostTtlSeconds) return fail(response, 400);
  response.setHeader(ttlHeader, ttl);
  return answer(response, tokens.issue(instanceId, ttl));
}

function answer(response: ServerResponse, body: string | Buffer, type = 'text/plain'): void {
  response.writeHead(200, { server: 'EC2ws', 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
}

const titles: Record<number, string> = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Not Allowed', 500: 'Internal Server Error' };

export function fail(response: ServerResponse, status: number): void {
  const title = `${status} - ${titles[status]}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  response.writeHead(status, { server: 'EC2ws', 'content-type': 'text/html', 'content-length': Buffer.byteLength(body) }).end(body);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
