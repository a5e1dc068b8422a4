/**
 * What an API server answers instead of what was asked for: a `Status` object, by its reason
 * (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
 */
export class KubeError extends Error {
  /** The HTTP status. */
  readonly code: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Invalid`, `Expired`, `TooManyRequests` …; '' where there is none. */
  readonly reason: string;
  /** How long the server asks to wait before another try. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = 'KubeError';
    this.code = code;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface Status {
  kind?: string;
  reason?: string;
  message?: string;
  code?: number;
  details?: { retryAfterSeconds?: number };
}

/** From an answer's body, which need not be a Status (a proxy's page, say). */
export function errorFrom(code: number, body: string): KubeError {
  const status = statusFrom(body);
  if (!status) return new KubeError(code, '', body.trim() || `HTTP status ${code}`);
  return errorOf(status, code);
}

export const errorOf = (status: Status, code = 500) =>
  new KubeError(status.code ?? code, status.reason ?? '', status.message ?? `HTTP status ${code}`, status.details?.retryAfterSeconds);

function statusFrom(body: string): Status | undefined {
  try {
    const parsed = JSON.parse(body) as Status;
    return parsed.kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const has = (code: number) => (error: unknown) => error instanceof KubeError && error.code === code;
export const isNotFound = has(404);
/** AlreadyExists or Conflict: another writer came first. */
export const isConflict = has(409);
/** The resource version asked for is no longer kept: list again. */
export const isExpired = has(410);
/** A disruption budget does not allow the eviction now, or the server is busy. */
export const isTooManyRequests = has(429);
