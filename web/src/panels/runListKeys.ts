/** The keys of a list of runs, the same in the rail and in the table. */
import { selectionAfter } from "@/lib/runs/groups";
import { navigate, runPath } from "@/state/page/route";
import type { Scope } from "@/state/scope";

export interface RunListKeys {
  /** Runs in the order on show. */
  uids: readonly number[];
  /** Where a selection with Shift begins. */
  anchor: { current: number | null };
  reveal: (uid: number) => void;
}

/** Arrows, Home, End, PageUp, PageDown move; Shift extends; Ctrl-A takes all; Space shows or hides; Enter opens. */
export function handleRunListKey(scope: Scope, event: KeyboardEvent, { uids, anchor, reveal }: RunListKeys): void {
  const { focusedRun, isShown, runOf, selectedRuns, setShown } = scope.runs;
  if (event.target instanceof HTMLInputElement || event.altKey) return;
  const hasMod = event.ctrlKey || event.metaKey;
  const at = focusedRun.value === null ? -1 : uids.indexOf(focusedRun.value);
  const moves = new Map([
    ["ArrowDown", at + 1],
    ["ArrowUp", at < 0 ? 0 : at - 1],
    ["Home", 0],
    ["End", uids.length - 1],
    ["PageDown", at + 12],
    ["PageUp", at - 12],
  ]);
  const to = hasMod ? undefined : moves.get(event.key);
  if (to !== undefined) moveTo(uids[Math.max(0, Math.min(uids.length - 1, to))]);
  else if (event.key === " ") {
    const chosen = selectedRuns.value.size > 0 ? [...selectedRuns.value] : focusedRun.value === null ? [] : [focusedRun.value];
    setShown(chosen, !chosen.every(isShown));
  } else if (event.key === "Enter") {
    const run = focusedRun.value === null ? undefined : runOf(focusedRun.value);
    if (run) navigate(runPath(run));
  } else if (event.key.toLowerCase() === "a" && hasMod) selectedRuns.value = new Set(uids);
  else return;
  event.preventDefault();
  event.stopPropagation();

  function moveTo(uid: number | undefined): void {
    if (uid === undefined) return;
    focusedRun.value = uid;
    if (event.shiftKey) selectedRuns.value = selectionAfter(uids, selectedRuns.value, (anchor.current ??= uid), uid, "extend");
    else {
      anchor.current = uid;
      selectedRuns.value = new Set([uid]);
    }
    reveal(uid);
  }
}
