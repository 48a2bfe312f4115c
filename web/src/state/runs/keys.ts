/** What the drawn runs have logged: keys, and the sections that they fall into. Kept live. */
import { type ReadonlySignal, type Signal, computed, effect, signal, untracked } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { KeyList, KeyView, LiveEvent } from "@/api/schema";
import { onLive } from "@/state/server/live";
import type { ScopeRuns } from "@/state/runs/runs";
import type { Source } from "@/api/source";

const REFRESH_MS = 1_000;
const RETRY_MS = 3_000;

export type KeysState = { is: "idle" } | { is: "loading" } | { is: "ready" } | { is: "failed"; error: ApiError };

/** A key, and what kind of thing lies under it: runs may disagree. */
export type LoggedKey = Pick<KeyView, "kind" | "key">;

export interface Section {
  /** "train" for "train/loss"; "" for keys without a "/". */
  name: string;
  keys: KeyView[];
}

export function sectionName(key: string): string {
  const slash = key.indexOf("/");
  return slash > 0 ? key.slice(0, slash) : "";
}

export function sectionsOf(all: readonly KeyView[]): Section[] {
  const found = new Map<string, KeyView[]>();
  for (const key of all) {
    const name = sectionName(key.key);
    const list = found.get(name);
    if (list) list.push(key);
    else found.set(name, [key]);
  }
  return [...found].map(([name, list]) => ({ name, keys: list })).sort(compareSections);
}

function compareSections(a: Section, b: Section): number {
  return Number(a.name === "") - Number(b.name === "") || collator.compare(a.name, b.name);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const MEDIA_RANK = 5;
/** What is taken in at a glance stands before what is read. */
const RANK = new Map([
  ["metric", 0],
  ["image", 1],
  ["video", 2],
  ["object3d", 3],
  ["molecule", 3],
  ["audio", 4],
  ["histogram", 6],
  ["value", 9],
]);

/** Curves first, then pictures, then other media, then plain values; inside each "layer2" before "layer10". */
export function compareKeys(a: KeyView, b: KeyView): number {
  return (RANK.get(a.kind) ?? MEDIA_RANK) - (RANK.get(b.kind) ?? MEDIA_RANK) || collator.compare(a.key, b.key);
}

interface KeysNeeds {
  runs: ScopeRuns;
  source: Source;
}

export function makeKeys({ source, runs: { visibleKey } }: KeysNeeds) {
  const held: Signal<KeyView[]> = signal([]);
  /** Every key of the drawn runs (hidden ones and system metrics left out), in natural order. */
  const keys: ReadonlySignal<KeyView[]> = computed(() =>
    held.value.filter((key) => !key.is_hidden && key.kind !== "system").sort(compareKeys),
  );
  /** System metrics of the drawn runs ("system/cpu" ...). */
  const systemKeys: ReadonlySignal<KeyView[]> = computed(() =>
    held.value.filter((key) => key.kind === "system").sort(compareKeys),
  );
  const byName = computed(() => new Map(held.value.map((view) => [`${view.kind} ${view.key}`, view])));
  /** What the drawn runs have logged under a key, system metrics included. Subscribes. */
  function keyOf({ kind, key }: LoggedKey): KeyView | undefined {
    return byName.value.get(`${kind} ${key}`);
  }

  const keysState: Signal<KeysState> = signal({ is: "idle" });

  /** Keys by what stands before their first "/", in natural order; keys without a "/" last. */
  const sections: ReadonlySignal<Section[]> = computed(() => sectionsOf(keys.value));

  let asked = "";
  /** The runs that `held` are the keys of. */
  let heldFor: string | null = null;
  let generation = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function reloadKeys(): void {
    void fetchKeys(asked);
  }

  async function fetchKeys(uids: string): Promise<void> {
    generation += 1;
    const mine = generation;
    if (uids === "") {
      held.value = [];
      heldFor = uids;
      keysState.value = { is: "ready" };
      return;
    }
    try {
      const list = await source.getJson<KeyList>(`api/keys?runs=${uids}`);
      if (mine !== generation) return;
      held.value = list.keys;
      heldFor = uids;
      keysState.value = { is: "ready" };
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      if (mine !== generation || error.isAborted) return;
      // Keys of these runs that are on show stay; either way they are asked for again.
      if (heldFor !== uids) keysState.value = { is: "failed", error };
      planReload(RETRY_MS);
    }
  }

  function takeEvent(event: LiveEvent): void {
    const uids = new Set(asked.split(",").map(Number));
    if (event.runs.some((run) => run.keys.length > 0 && uids.has(run.uid))) {
      planReload(REFRESH_MS);
    }
  }

  function planReload(waitMs: number): void {
    if (ends.isOver) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      reloadKeys();
    }, waitMs);
  }

  const ends = new Ends();
  ends.add(() => {
    generation += 1; // what is on its way comes too late
    clearTimeout(timer);
  });

  /** Once, by the scope. */
  function startKeys(): void {
    ends.add(onLive(takeEvent), onRecovery(() => {
      if (keysState.peek().is !== "idle") reloadKeys();
    }));
    ends.add(effect(() => {
      const uids = visibleKey.value;
      untracked(() => {
        if (uids === asked && keysState.value.is !== "idle") return;
        asked = uids;
        if (keysState.value.is !== "ready" || held.value.length === 0) keysState.value = { is: "loading" };
        void fetchKeys(uids);
      });
    }));
  }

  return { keys, systemKeys, keyOf, keysState, sections, reloadKeys, startKeys, stop: () => ends.end() };
}

export type ScopeKeys = ReturnType<typeof makeKeys>;
