/** Why the tile that a link names can't be shown at all, however long one waits. */
import type { TileRef } from "@/state/media/tile";
import type { ScopeKeys } from "@/state/runs/keys";
import type { ScopeRuns } from "@/state/runs/runs";

interface MissingNeeds {
  keys: ScopeKeys;
  runs: ScopeRuns;
}

export function makeMissing({ keys: { keys, keysState }, runs: { fixedRun, listState, runs, visibleRuns } }: MissingNeeds) {
  /** In words; null while it may still come. Reading it in a component subscribes. */
  function whyNotThere({ run, key }: TileRef): string | null {
    const isListed = fixedRun.value !== null || listState.value.is === "ready";
    if (!isListed) return null;
    if (!visibleRuns.value.some(({ uid }) => uid === run)) {
      return runs.value.some(({ uid }) => uid === run)
        ? "The run of this tile is hidden: open its eye in the run list."
        : "The run of this tile is not in the list: it may have been deleted, filtered away, or belong to another project.";
    }
    if (keysState.value.is !== "ready") return null;
    const isLogged = keys.value.some((view) => view.key === key && view.runs.some((one) => one.run === run));
    return isLogged ? null : "This run has not logged this key.";
  }

  return { whyNotThere };
}

export type ScopeMissing = ReturnType<typeof makeMissing>;
