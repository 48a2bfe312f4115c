/**
 * The only place that talks to the server. An answer of 401 is told to everyone who asked with `onUnauthorized`;
 * that the server is away, and that it is back, to everyone who listens to `recovery`.
 */
import { base } from "@/api/base";
import { ApiError } from "@/api/errors";
import { noteDown, noteUp } from "@/api/recovery";
import type { Problem } from "@/api/schema";
import { type RequestOptions, Source } from "@/api/source";

const unauthorizedListeners = new Set<() => void>();

/** Call `listener` whenever the server says that nobody is signed in. Returns the way to stop. */
export function onUnauthorized(listener: () => void): () => void {
  unauthorizedListeners.add(listener);
  return () => unauthorizedListeners.delete(listener);
}

/** Asks the server that the page came from. */
export class ServerSource extends Source {
  override url(path: string): string {
    return base + path.replace(/^\/+/, "");
  }

  override async request(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
    const address = this.url(path);
    const headers: Record<string, string> = { Accept: "application/json, */*", "X-Diorama": "1", ...options.headers };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response;
    try {
      response = await fetch(address, {
        method,
        headers,
        credentials: "same-origin",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
    } catch (thrown) {
      if (options.signal?.aborted) throw new ApiError("aborted", "No longer needed.", "", 0);
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      if (noteDown()) void askUntilUp(this.url("api/session"));
      throw new ApiError("network", "The server does not answer.", `Is \`diorama ui\` still running? (${detail})`, 0);
    }
    if (isAway(response.status)) {
      if (noteDown()) void askUntilUp(this.url("api/session"));
    } else noteUp();
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (response.status === 401) for (const listener of unauthorizedListeners) listener();
    throw problem;
  }
}

const FIRST_PROBE_MS = 500;
const SLOWEST_PROBE_MS = 2_000;

/** What a proxy says while the server behind it restarts. 503 is the server itself, which has too much to do. */
function isAway(status: number): boolean {
  return status === 502 || status === 504;
}

/** Nothing else may be asking: find out when the server is back. */
async function askUntilUp(address: string): Promise<void> {
  for (let wait = FIRST_PROBE_MS; ; wait = Math.min(wait * 1.5, SLOWEST_PROBE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, wait));
    try {
      const response = await fetch(address, { headers: { "X-Diorama": "1" }, credentials: "same-origin" });
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
