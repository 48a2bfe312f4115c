/** The texts of figures: fetched when first asked for, kept while there is room. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { BlobRef } from "@/api/schema";
import { Recent } from "@/lib/recent";

export type TextState = { is: "loading" } | { is: "ready"; text: string } | { is: "failed"; error: ApiError };

interface Held {
  state: Signal<TextState>;
  sizeBytes: number;
}

export class FigureTexts {
  readonly #held: Recent<string, Held>;

  constructor(readonly limitBytes: number) {
    this.#held = new Recent({ limit: limitBytes, size: ({ sizeBytes }) => sizeBytes });
  }

  /** The text of the figure that `key` names; `load` fetches it unless it is here already. */
  of(key: string, sizeBytes: number, load: () => Promise<string>): ReadonlySignal<TextState> {
    const known = this.#held.get(key);
    if (known) return known.state;
    const held: Held = { state: signal<TextState>({ is: "loading" }), sizeBytes };
    this.#held.set(key, held);
    void this.#fetch(held, load);
    return held.state;
  }

  retry(key: string, load: () => Promise<string>): void {
    const held = this.#held.peek(key);
    if (held) void this.#fetch(held, load);
  }

  async #fetch(held: Held, load: () => Promise<string>): Promise<void> {
    held.state.value = { is: "loading" };
    try {
      held.state.value = { is: "ready", text: await load() };
    } catch (thrown) {
      held.state.value = { is: "failed", error: apiErrorFrom(thrown) };
    }
  }
}

export const figureTexts = new FigureTexts(64 * 1024 * 1024);

/** Rejects with an ApiError. */
export async function fetchText(blob: BlobRef): Promise<string> {
  const response = await source.request("GET", `api/blobs/${encodeURIComponent(blob.sha256)}`, undefined, {});
  return response.text();
}
