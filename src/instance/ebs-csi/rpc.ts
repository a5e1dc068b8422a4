import { loadPackageDefinition, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What is thrown to be answered with this gRPC status. */
export class RpcError extends Error {
  readonly code: number;

  constructor(code: keyof typeof status, message: string) {
    super(message);
    this.code = status[code];
  }
}

/** By method, in camel case; requests and answers as @grpc/proto-loader gives them. A method that is not here is UNIMPLEMENTED. */
// `any`: each method has a request of its own, which its own signature names.
export type Methods = Record<string, (request: any) => object | Promise<object>>;

/** `path`: `csi.v1.Node` */
export function serviceIn(protoFile: string, path: string): ServiceDefinition {
  const loaded = loadPackageDefinition(loadSync(protoFile, { longs: Number, enums: String, defaults: true }));
  // `any`: grpc-js types what it makes of a proto file no closer than that.
  return path.split('.').reduce((at: any, name) => at[name], loaded).service as ServiceDefinition;
}

/** Serves on a unix socket, in place of what an earlier process left there. What is answered ends it. */
export async function serve(socket: string, services: { definition: ServiceDefinition; methods: Methods }[]): Promise<() => void> {
  await mkdir(dirname(socket), { recursive: true });
  await rm(socket, { force: true });
  const server = new Server();
  for (const { definition, methods } of services) server.addService(definition, implementation(methods));
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return () => server.forceShutdown();
}

type Done = (error: { code: number; message: string } | null, answer?: object) => void;

const implementation = (methods: Methods): UntypedServiceImplementation => Object.fromEntries(Object.entries(methods).map(([name, method]) => [
  name,
  (call: { request: unknown }, done: Done) => void answer(name, method, call.request, done),
]));

async function answer(name: string, method: Methods[string], request: unknown, done: Done): Promise<void> {
  try {
    const value = await method(request);
    if (name.endsWith('Volume')) console.log(`${name} ${(request as { volumeId?: string }).volumeId}`);
    done(null, value);
  } catch (error) {
    const { code, message } = error instanceof RpcError ? error : { code: status.INTERNAL, message: error instanceof Error ? error.message : String(error) };
    console.log(`${name}: ${message}`);
    done({ code, message });
  }
}
