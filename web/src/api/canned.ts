/**
 * A source that has its answers with it: nothing is asked for over a network. An answer is named by what asks for it,
 * the most exact name first: `POST api/series {"runs":[1],…}`, `GET api/keys?runs=1`, `GET api/keys`.
 */
import { ApiError } from "@/api/errors";
import { type RequestOptions, Source } from "@/api/source";

/** JSON, or bytes as they are; a function makes one of them from what was asked. */
export type CannedAnswer = Uint8Array<ArrayBuffer> | AnswerMaker | Readonly<Record<string, unknown>> | readonly unknown[];
/** Each takes the bodies of its own requests only: `never`, so that every one of them fits. */
type AnswerMaker = (body: never, path: string, options: RequestOptions) => unknown;

export class CannedSource extends Source {
  constructor(private readonly answers: Readonly<Record<string, CannedAnswer>>) {
    super();
  }

  /** Elements find an answer of bytes in the address itself. */
  override url(path: string): string {
    const answer = this.find("GET", path, undefined);
    if (!(answer instanceof Uint8Array)) return "about:blank";
    return `data:application/octet-stream;base64,${btoa(Array.from(answer, (byte) => String.fromCharCode(byte)).join(""))}`;
  }

  override async request(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response> {
    const found = this.find(method, path, body);
    if (found === undefined) throw new ApiError("not_found", `There is no answer to ${method} ${path}.`, "", 404);
    const given: unknown = typeof found === "function" ? await untilAborted(found(body as never, path, options), options.signal) : found;
    if (given instanceof Response) return given;
    return given instanceof Uint8Array ? new Response(given as Uint8Array<ArrayBuffer>) : Response.json(given);
  }

  private find(method: string, path: string, body: unknown): CannedAnswer | undefined {
    const bare = path.replace(/\?.*$/, "");
    const names = [...(body === undefined ? [] : [`${method} ${path} ${JSON.stringify(body)}`]), `${method} ${path}`, `${method} ${bare}`];
    const name = names.find((one) => Object.hasOwn(this.answers, one));
    return name === undefined ? undefined : this.answers[name];
  }
}

/** Whoever no longer waits is told so, as by a server. */
function untilAborted(answer: unknown, signal: AbortSignal | undefined): unknown {
  if (!signal) return answer;
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new ApiError("aborted", "No longer needed.", "", 0));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
  });
  return Promise.race([answer, aborted]);
}
