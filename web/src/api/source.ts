/**
 * The one interface through which the page asks. Paths are those of the API, without a "/" in front ("api/projects");
 * what goes wrong is an `ApiError`. `ServerSource` asks a server, `CannedSource` has its answers with it: who asks
 * does not know which of them it is.
 */
import { type Columns, decodeColumns } from "@/api/columns";

export interface RequestOptions {
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

export abstract class Source {
  /** The answer, which is a good one; anything else is thrown as an ApiError. `body` is sent as JSON. */
  abstract request(method: string, path: string, body: unknown, options: RequestOptions): Promise<Response>;

  /** The address at which an element of the page (a picture, a player, a link) finds it by itself. */
  abstract url(path: string): string;

  /** The bytes of a blob; immutable, so the browser keeps them for ever. */
  blobUrl(sha256: string): string {
    return this.url(`api/blobs/${encodeURIComponent(sha256)}`);
  }

  async getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.request("GET", path, undefined, options);
    return (await response.json()) as T;
  }

  async postJson<T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    const response = await this.request("POST", path, body, options);
    return (await response.json()) as T;
  }

  async patchJson<T>(path: string, body: unknown, options: RequestOptions = {}): Promise<T> {
    const response = await this.request("PATCH", path, body, options);
    return (await response.json()) as T;
  }

  /** A POST whose answer is in binary columns. */
  async postColumns<H>(path: string, body: unknown, options: RequestOptions = {}): Promise<Columns<H>> {
    const response = await this.request("POST", path, body, options);
    return decodeColumns<H>(await response.arrayBuffer());
  }
}
