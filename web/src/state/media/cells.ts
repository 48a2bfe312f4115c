/**
 * What was logged at a step: cells by (run, key, step), fetched in batches, kept, and looked up again when the live
 * stream says that their key has new data. A cell that is known is never taken away while a newer one is fetched.
 */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { LiveEvent, MediaCell, MediaReply, MediaRequest, MediaWanted } from "@/api/schema";
import { Recent } from "@/lib/recent";
import { onLive } from "@/state/server/live";
import type { Source } from "@/api/source";

export type CellState = { is: "loading" } | { is: "ready"; cell: MediaCell } | { is: "failed"; error: ApiError };

interface Entry {
  wanted: MediaWanted;
  state: Signal<CellState>;
  /** On a tile now. */
  isWatched: boolean;
  /** "none": no request pending. "ahead": prefetching. */
  asked: "none" | "ahead" | "now" | "sent";
  fetchedAt: number;
  isOld: boolean;
}

const CELL_LIMIT = 3_000;
const BATCH_CELLS = 128;
const RECHECK_MS = 10_000;
const RETRY_MS = 3_000;

function idOf({ run, key, step }: MediaWanted): string {
  return `${run}|${step}|${key}`;
}

function newEntry(wanted: MediaWanted): Entry {
  const entry: Entry = {
    wanted,
    state: signal<CellState>({ is: "loading" }, { watched: () => (entry.isWatched = true), unwatched: () => (entry.isWatched = false) }),
    isWatched: false,
    asked: "none",
    fetchedAt: 0,
    isOld: false,
  };
  return entry;
}

function receiveCell(entry: Entry, cell: MediaCell): void {
  const before = entry.state.peek();
  entry.isOld = false;
  // The same thing again must not redraw anything.
  if (before.is === "ready" && JSON.stringify(before.cell) === JSON.stringify(cell)) return;
  entry.state.value = { is: "ready", cell };
}

function missingCell({ run, key, step }: MediaWanted): MediaCell {
  return { run, key, step, state: "missing", time: null, items: [], is_list: false, attempts: 0 };
}

interface CellsNeeds {
  source: Source;
}

export function makeCells({ source }: CellsNeeds) {
  const entries = new Recent<string, Entry>({ limit: CELL_LIMIT, mayGo: (_id, entry) => !entry.isWatched && entry.asked === "none" });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let inFlight = 0;
  let isFollowing = false;

  /** The cell at exactly this step. Reading its value in a component or an effect subscribes to it. */
  function cellAt(run: number, key: string, step: number): ReadonlySignal<CellState> {
    const entry = entryOf({ run, key, step });
    const isAgain = entry.isOld || (entry.state.peek().is === "failed" && performance.now() - entry.fetchedAt > RETRY_MS);
    if (entry.state.peek().is === "loading" || isAgain) ask(entry, "now");
    return entry.state;
  }

  /** What is known of the cell, without asking for it. */
  function peekCell(run: number, key: string, step: number): MediaCell | undefined {
    const state = entries.peek(idOf({ run, key, step }))?.state.peek();
    return state?.is === "ready" ? state.cell : undefined;
  }

  /** Fetch a cell that will soon be looked at, behind those that are looked at now. */
  function prefetchCell(run: number, key: string, step: number): ReadonlySignal<CellState> {
    const entry = entryOf({ run, key, step });
    if (entry.state.peek().is === "loading") ask(entry, "ahead");
    return entry.state;
  }

  function entryOf(wanted: MediaWanted): Entry {
    follow();
    return entries.getOrMake(idOf(wanted), () => newEntry(wanted));
  }

  function ask(entry: Entry, how: "now" | "ahead"): void {
    if (entry.asked === "sent" || entry.asked === "now") return;
    entry.asked = how;
    timer ??= setTimeout(send, 0); // the tiles of one frame ask in one request
  }

  function send(): void {
    timer = undefined;
    const waiting = [...entries.values()].filter((entry) => entry.asked === "now");
    // Prefetching waits until nothing that is looked at is under way.
    const batch = waiting.length > 0 ? waiting : inFlight === 0 ? [...entries.values()].filter((entry) => entry.asked === "ahead") : [];
    if (batch.length === 0) return;
    for (let at = 0; at < batch.length; at += BATCH_CELLS) void fetchCells(batch.slice(at, at + BATCH_CELLS));
  }

  async function fetchCells(batch: Entry[]): Promise<void> {
    for (const entry of batch) entry.asked = "sent";
    inFlight += 1;
    try {
      const body: MediaRequest = { wanted: batch.map((entry) => entry.wanted) };
      const reply = await source.postJson<MediaReply>("api/media", body);
      const cells = new Map(reply.cells.map((cell) => [idOf(cell), cell]));
      for (const entry of batch) receiveCell(entry, cells.get(idOf(entry.wanted)) ?? missingCell(entry.wanted));
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      for (const entry of batch) if (entry.state.peek().is !== "ready") entry.state.value = { is: "failed", error };
    } finally {
      inFlight -= 1;
      for (const entry of batch) {
        entry.asked = "none";
        entry.fetchedAt = performance.now();
      }
      timer ??= setTimeout(send, 0);
    }
  }

  const ends = new Ends();
  ends.add(() => clearTimeout(timer));

  function follow(): void {
    if (isFollowing) return;
    isFollowing = true;
    ends.add(onLive(takeEvent), onRecovery(() => {
      for (const entry of entries.values()) {
        if (entry.state.peek().is !== "failed") continue;
        entry.isOld = true;
        if (entry.isWatched) ask(entry, "now");
      }
    }));
  }

  /** A step can be logged again (a resumed run), and a step that was missing can arrive late. */
  function takeEvent(event: LiveEvent): void {
    const changed = new Map(event.runs.map((run) => [run.uid, run]));
    const now = performance.now();
    for (const entry of entries.values()) {
      const run = changed.get(entry.wanted.run);
      if (!run?.keys.includes(entry.wanted.key)) continue;
      const state = entry.state.peek();
      if (state.is === "loading") continue;
      entry.isOld = true;
      const isLikely = state.is === "failed" || state.cell.state !== "ok" || entry.wanted.step === run.last_step;
      if (entry.isWatched && (isLikely || now - entry.fetchedAt > RECHECK_MS)) ask(entry, "now");
    }
  }

  return { cellAt, peekCell, prefetchCell, stop: () => ends.end() };
}

export type ScopeCells = ReturnType<typeof makeCells>;
