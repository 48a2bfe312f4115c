/** Bytes and texts of blobs as signals: asked for when first read, the last few kept. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import { onRecovery } from "@/api/recovery";
import type { BlobRef } from "@/api/schema";
import type { Preparation } from "@/lib/preparation";
import { Recent } from "@/lib/recent";

export type Fetched<T> = { is: "loading" } | { is: "ready"; value: T } | { is: "failed"; error: ApiError };

const KEPT_BYTES_LIMIT = 96 * 1024 * 1024;

class BlobStore<T> {
  readonly #kept = new Recent<string, { state: Signal<Fetched<T>>; sizeBytes: number }>({
    limit: KEPT_BYTES_LIMIT,
    size: ({ sizeBytes }) => sizeBytes,
    // Somebody waits for it. Given up, it would be asked for again as soon as the next one of the same record has come.
    mayGo: (_, { state }) => state.peek().is !== "loading",
  });
  readonly #read: (response: Response) => Promise<T>;

  constructor(read: (response: Response) => Promise<T>) {
    this.#read = read;
    onRecovery(() => {
      for (const [sha256, { state }] of this.#kept) this.#again(sha256, state);
    });
  }

  get({ sha256, size_bytes }: BlobRef): ReadonlySignal<Fetched<T>> {
    const found = this.#kept.get(sha256);
    if (found) return found.state;
    const state = signal<Fetched<T>>({ is: "loading" });
    this.#kept.set(sha256, { state, sizeBytes: size_bytes });
    void this.#load(sha256, state);
    return state;
  }

  async #load(sha256: string, state: Signal<Fetched<T>>): Promise<void> {
    try {
      const response = await source.request("GET", `api/blobs/${sha256}`, undefined, {});
      state.value = { is: "ready", value: await this.#read(response) };
    } catch (thrown) {
      state.value = { is: "failed", error: apiErrorFrom(thrown) };
    }
  }

  /** Failures are forgotten, so that the next reader asks again. */
  retry(blob: BlobRef): void {
    const found = this.#kept.peek(blob.sha256);
    if (found) this.#again(blob.sha256, found.state);
  }

  #again(sha256: string, state: Signal<Fetched<T>>): void {
    if (state.peek().is !== "failed") return;
    state.value = { is: "loading" };
    void this.#load(sha256, state);
  }
}

const texts = new BlobStore((response) => response.text());
const buffers = new BlobStore(async (response) => new Uint8Array(await response.arrayBuffer()));

/** The blob as text (UTF-8). Reading `.value` in a component draws it again when it has come. */
export function blobText(blob: BlobRef): ReadonlySignal<Fetched<string>> {
  return texts.get(blob);
}

export function blobBytes(blob: BlobRef): ReadonlySignal<Fetched<Uint8Array<ArrayBuffer>>> {
  return buffers.get(blob);
}

export function retryBlob(blob: BlobRef): void {
  texts.retry(blob);
  buffers.retry(blob);
}

/** Fetches the bytes before they are drawn. */
export function prepareBytes(blob: BlobRef): Preparation {
  const state = buffers.get(blob);
  const isReady = state.peek().is === "ready";
  let stop = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    // A failure is told by what draws it.
    stop = state.subscribe(({ is }) => {
      if (is !== "loading") resolve();
    });
  });
  return { isReady, ready, release: () => stop() };
}
