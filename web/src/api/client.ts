/**
 * The only place that talks to the server. Paths are relative to the base ("api/projects"), errors are
 * `ApiError`, and an answer of 401 is told to everyone who asked with `onUnauthorized`.
 */
import { base } from "@/api/base";
import { type Columns, decodeColumns } from "@/api/columns";
import { noteDown, noteUp } from "@/api/recovery";
import type { Problem } from "@/api/schema";

export class ApiError extends Error {
  constructor(
    /** The server's word for it ("not_found"), or "network" when no answer came, "aborted" when nobody waits any more. */
    readonly code: string,
    message: string,
    readonly hint: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
  ) {
    super(message);
    this.name = "ApiError";
  }

  get isAborted(): boolean {
    return this.code === "aborted";
  }
}

/** Any thrown thing as an ApiError, so that a panel can show message and hint. */
export function apiErrorFrom(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof Error) return new ApiError("unexpected", thrown.message, "", 0);
  return new ApiError("unexpected", String(thrown), "", 0);
}

export interface RequestOptions {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

const unauthorizedListeners = new Set<() => void>();

/** Call `listener` whenever the server says that nobody is signed in. Returns the way to stop. */
export function onUnauthorized(listener: () => void): () => void {
  unauthorizedListeners.add(listener);
  return () => unauthorizedListeners.delete(listener);
}

/** "api/runs/1" -> the URL under the base. */
export function apiUrl(path: string): string {
  return base + path.replace(/^\/+/, "");
}

/** The bytes of a blob; immutable, so the browser keeps them for ever. */
export function blobUrl(sha256: string): string {
  return apiUrl(`api/blobs/${encodeURIComponent(sha256)}`);
}

export async function getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await request("GET", path, undefined, options);
  return (await response.json()) as T;
}

export async function postJson<T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
  const response = await request("POST", path, body, options);
  return (await response.json()) as T;
}

export async function patchJson<T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
  const response = await request("PATCH", path, body, options);
  return (await response.json()) as T;
}

/** A POST whose answer is in binary columns. */
export async function postColumns<H>(path: string, body: unknown, options: RequestOptions = {}): Promise<Columns<H>> {
  const response = await request("POST", path, body, options);
  return decodeColumns<H>(await response.arrayBuffer());
}

export async function request(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json, */*", "X-Diorama": "1", ...options.headers };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(apiUrl(path), {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (thrown) {
    if (options.signal?.aborted) throw new ApiError("aborted", "No longer needed.", "", 0);
    const detail = thrown instanceof Error ? thrown.message : String(thrown);
    if (noteDown()) void askUntilUp();
    throw new ApiError("network", "The server does not answer.", `Is \`diorama ui\` still running? (${detail})`, 0);
  }
  if (isAway(response.status)) {
    if (noteDown()) void askUntilUp();
  } else noteUp();
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401) for (const listener of unauthorizedListeners) listener();
  throw problem;
}

const FIRST_PROBE_MS = 500;
const SLOWEST_PROBE_MS = 2_000;

/** What a proxy says while the server behind it restarts. 503 is the server itself, which has too much to do. */
function isAway(status: number): boolean {
  return status === 502 || status === 504;
}

/** Nothing else may be asking: find out when the server is back. */
async function askUntilUp(): Promise<void> {
  for (let wait = FIRST_PROBE_MS; ; wait = Math.min(wait * 1.5, SLOWEST_PROBE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const response = await fetch(apiUrl("api/session"), { headers: { "X-Diorama": "1" }, credentials: "same-origin" });
      if (isAway(response.status)) continue;
      noteUp();
      return;
    } catch {
      // not yet
    }
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ""}.`;
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return new ApiError(problem.code ?? "error", problem.message ?? fallback, problem.hint ?? "", response.status);
  } catch {
    return new ApiError("error", fallback, "", response.status); // not ours: a proxy's page, say
  }
}
