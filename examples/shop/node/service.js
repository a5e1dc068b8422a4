// What each service of the shop shares: routes, JSON, a health check, and an end that loses no request.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const port = Number(process.env.PORT ?? 8080);

/** `routes`: `{ 'GET /api/cart/:id': ({ id }, body) => answer }`; an answer is an object (JSON), a string (HTML), or undefined (404). */
export function serve(name, routes) {
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method, path] = route.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), handler };
  });

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://shop');
    if (pathname === '/health') return void response.end('ok');
    response.setHeader('x-served-by', `${name} on ${hostname()}`);
    try {
      for (const { method, pattern, handler } of table) {
        const match = method === request.method && pattern.exec(pathname);
        if (!match) continue;
        const answer = await handler({ ...Object.fromEntries(searchParams), ...match.groups }, await json(request));
        if (answer === undefined) break;
        response.setHeader('content-type', typeof answer === 'string' ? 'text/html; charset=utf-8' : 'application/json');
        return void response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
      }
      response.statusCode = 404;
      response.end(JSON.stringify({ message: 'not found' }));
    } catch (error) {
      console.error(error);
      response.statusCode = 502;
      response.end(JSON.stringify({ message: error.message }));
    }
    console.log(`${request.method} ${request.url} ${response.statusCode}`);
  });

  server.listen(port, () => console.log(`${name} listens on ${port}`));
  // ECS drains the target first, then sends SIGTERM: what is under way is answered.
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}

async function json(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
}

/** Another service of the shop, through the load balancer: `call('/api/pricing/mug')`. */
export async function call(path, options = {}) {
  const response = await fetch(new URL(path, process.env.SHOP_URL), {
    ...options,
    headers: { 'content-type': 'application/json' },
    ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    signal: AbortSignal.timeout(3000),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}
