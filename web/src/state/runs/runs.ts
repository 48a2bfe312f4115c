/**
 * The runs of the project on show: which match the query, which have their eye on, which colour they have.
 *
 * The list is sparse: `rows` has a place for every match, and pages of it are fetched when they come into sight, so
 * ten thousand runs cost what the screen shows. Everything that a person chooses here is in the URL.
 */
import { type ReadonlySignal, type Signal, batch, computed, effect, signal, untracked } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { ColumnView, LiveEvent, RunDetail, RunList, RunView } from "@/api/schema";
import { defaultColor, isColor } from "@/lib/runs/colors";
import { valueAt } from "@/lib/runs/paths";
import { formatValue } from "@/lib/text/format";
import { onLive, whenListening } from "@/state/server/live";
import { readStored, store } from "@/state/page/storage";
import { type Route, projectOf } from "@/state/page/route";
import type { Source } from "@/api/source";
import type { MakeUrlSignal } from "@/state/page/url";

const PAGE_ROWS = 500;
/** How many runs are drawn before anybody chose. */
const SHOWN_AT_FIRST = 10;
/** More curves than this tell nothing and cost much; the rail says so. */
export const DRAWN_MOST = 200;
const REFRESH_MS = 1_500;
const RETRY_MS = 3_000;
const STALE_SECS = 90;
const STALE_CHECK_MS = 20_000;

const commaList = {
  parse: (text: string) => text.split(",").filter((part) => part !== "").map(decodeURIComponent),
  format: (parts: readonly string[]) => parts.map((part) => encodeURIComponent(part)).join(","),
};

/** Which runs have their eye on: "auto" (the first few), "all", or these. */
export type Shown = "auto" | "all" | readonly number[];

/** Loading, loaded, or failed: what the list is, so that "empty" is never said too early. */
export type ListState = { is: "idle" } | { is: "loading" } | { is: "ready" } | { is: "failed"; error: ApiError };

export function groupName(value: unknown): string {
  return formatValue(value) || "none";
}

// ---- colours ------------------------------------------------------------------------------------------------------

type Colors = ReadonlyMap<number, string>;
const colorsFormat = {
  parse: (text: string): Colors => {
    const found = new Map<number, string>();
    for (const pair of text.split(",")) {
      const [uid, color] = pair.split(":");
      if (Number.isSafeInteger(Number(uid)) && isColor(`#${color ?? ""}`)) found.set(Number(uid), `#${color ?? ""}`);
    }
    return found;
  },
  format: (value: Colors) => [...value].map(([uid, color]) => `${uid}:${color.slice(1)}`).join(","),
};

interface RunsNeeds {
  route: ReadonlySignal<Route>;
  source: Source;
  urlSignal: MakeUrlSignal;
}

export function makeRuns({ route, source, urlSignal }: RunsNeeds) {
  /** The filter's text, in the query language of the runs list. */
  const query: Signal<string> = urlSignal("q", "", { history: "replace" });
  /** "-created_at": newest first; "config.lr", "-summary.val/loss" ... */
  const sort: Signal<string> = urlSignal("sort", "-created_at");
  /** Columns of the run table, by path; empty: chosen from the data. */
  const columns: Signal<readonly string[]> = urlSignal<readonly string[]>("cols", [], commaList);
  /** Paths shown in small print under a run's name in the rail; empty: what tells the runs apart. */
  const railPaths: Signal<readonly string[]> = urlSignal<readonly string[]>("rail", [], commaList);
  /** Rows of the rail are gathered by this path; "" for no groups. */
  const groupBy: Signal<string> = urlSignal("group", "");
  const shown: Signal<Shown> = urlSignal<Shown>("show", "auto", {
    parse: (text) => (text === "auto" || text === "all" ? text : text.split(".").filter(Boolean).map(Number).filter(Number.isSafeInteger)),
    format: (value) => (typeof value === "string" ? value : value.join(".") || "."),
  });
  const listState: Signal<ListState> = signal({ is: "idle" });
  /** What is wrong with the filter's text, in the server's words; the list stays as it was. */
  const queryError: Signal<ApiError | null> = signal(null);
  const matched = signal(0);
  const total = signal(0);
  const availableColumns: Signal<ColumnView[]> = signal([]);

  /** One place per matching run, in list order; undefined where its page has not been fetched. */
  const rows: Signal<readonly (RunView | undefined)[]> = signal([]);
  /** The matching runs that are known, in list order. */
  const runs: ReadonlySignal<RunView[]> = computed(() => rows.value.filter((run) => run !== undefined));

  /** The run of a run page: there, it is the only one drawn. */
  const fixedRun: Signal<RunView | null> = signal(null);

  const shownUids: ReadonlySignal<ReadonlySet<number> | "all"> = computed(() => {
    const choice = shown.value;
    if (choice === "all") return "all";
    if (choice === "auto") return new Set(rows.value.slice(0, SHOWN_AT_FIRST).flatMap((run) => (run ? [run.uid] : [])));
    return new Set(choice);
  });

  /** The runs whose eye is on and that match the filter, in list order. */
  const eyedRuns: ReadonlySignal<RunView[]> = computed(() => {
    const uids = shownUids.value;
    return uids === "all" ? runs.value : runs.value.filter((run) => uids.has(run.uid));
  });

  /** The runs that are drawn: of those, the first DRAWN_MOST; on a run's own page, that run. */
  const visibleRuns: ReadonlySignal<RunView[]> = computed(() =>
    fixedRun.value ? [fixedRun.value] : eyedRuns.value.slice(0, DRAWN_MOST),
  );

  /** The uids of the drawn runs as text: changes only when the set does, not when a run's data does. */
  const visibleKey: ReadonlySignal<string> = computed(() => visibleRuns.value.map((run) => run.uid).join(","));

  /** The run that the keyboard is on in the rail (uid). */
  const focusedRun: Signal<number | null> = signal(null);
  /** The run under the pointer: charts and tiles may set it off from the others. */
  const hoveredRun: Signal<number | null> = signal(null);
  const selectedRuns: Signal<ReadonlySet<number>> = signal(new Set());

  function isShown(uid: number): boolean {
    const uids = shownUids.value;
    return uids === "all" || uids.has(uid);
  }

  function setShown(uids: readonly number[], isOn: boolean): void {
    const now = shownUids.peek();
    const next = new Set(now === "all" ? runs.peek().map((run) => run.uid) : now);
    for (const uid of uids) {
      if (isOn) next.add(uid);
      else next.delete(uid);
    }
    shown.value = [...next].sort((a, b) => a - b);
  }

  function showOnly(uids: readonly number[]): void {
    shown.value = [...uids].sort((a, b) => a - b);
  }

  function runOf(uid: number): RunView | undefined {
    return fixedRun.value?.uid === uid ? fixedRun.value : runs.value.find((run) => run.uid === uid);
  }

  const namesTwice: ReadonlySignal<ReadonlySet<string>> = computed(() => {
    const seen = new Set<string>();
    return new Set(runs.value.flatMap(({ name }) => (seen.has(name) ? [name] : (seen.add(name), []))));
  });

  /** Whether several runs of the list bear this name: then their ids tell them apart. */
  function isNameTwice(name: string): boolean {
    return namesTwice.value.has(name);
  }

  /** A run's name as text; with its id where the name alone would mean several. */
  function labelOf(run: Pick<RunView, "name" | "id">): string {
    return isNameTwice(run.name) ? `${run.name} (${run.id})` : run.name;
  }

  /** What each drawn run's group is called; null while the rail has no groups, and on a run's own page. */
  const groupNames: ReadonlySignal<ReadonlyMap<number, string> | null> = computed(() => {
    const path = groupBy.value;
    if (path === "" || fixedRun.value) return null;
    return new Map(visibleRuns.value.map((run) => [run.uid, groupName(valueAt(run, path))]));
  });
  /** Colours chosen by hand, in the URL so that a colleague sees the same ... */
  const colorsHere: Signal<Colors> = urlSignal<Colors>("colors", new Map(), colorsFormat);
  /** ... and in the browser, so that they last. */
  const colorsKept: Signal<Colors> = signal(colorsFormat.parse(readStored("colors") ?? ""));

  /** "#rrggbb": stable for a run whatever is filtered; reading it subscribes to changes. */
  function runColor(uid: number): string {
    return colorsHere.value.get(uid) ?? colorsKept.value.get(uid) ?? defaultColor(uid);
  }

  /** null: back to the palette's. */
  function setRunColor(uid: number, color: string | null): void {
    const change = (colors: Colors): Colors => {
      const next = new Map(colors);
      if (color === null) next.delete(uid);
      else next.set(uid, color);
      return next;
    };
    batch(() => {
      colorsHere.value = change(colorsHere.peek());
      // Another scope, or another window, may have kept colours since.
      colorsKept.value = change(colorsFormat.parse(readStored("colors") ?? ""));
    });
    store("colors", colorsFormat.format(colorsKept.peek()) || null);
  }

  // ---- fetching -----------------------------------------------------------------------------------------------------

  let generation = 0;
  let deletions = 0; // how often we heard of deleted runs
  let rowsGeneration = 0; // which generation `rows` is of
  let listed = ""; // which list `rows` holds: project, query, sort
  const pagesAsked = new Set<number>();

  /** Make sure that the rows from `first` to `last` are there or on their way. */
  function ensureRows(first: number, last: number): void {
    if (listState.peek().is !== "ready") return;
    const held = rows.peek();
    for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS <= last && page * PAGE_ROWS < held.length; page += 1) {
      if (held[page * PAGE_ROWS] === undefined && !pagesAsked.has(page) && !failedPages.has(page)) void fetchPage(page);
    }
  }

  /** Fetch the list again, keeping what is on show until the answer is there. */
  function reloadRuns(): void {
    pagesAsked.clear();
    void fetchPage(0);
  }

  const failedPages = new Set<number>();
  let retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** Pages that could not be had are asked for again, whether or not anybody presses a button. */
  function retryPages(): void {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    const pages = [...failedPages];
    failedPages.clear();
    for (const page of pages) if (!pagesAsked.has(page)) void fetchPage(page);
  }

  async function fetchPage(page: number): Promise<void> {
    const here = untracked(() => route.value);
    if (!("project" in here)) return;
    pagesAsked.add(page);
    const mine = generation;
    const deletionsBefore = deletions;
    const parameters = new URLSearchParams({
      q: query.peek(), sort: sort.peek(), limit: String(PAGE_ROWS), offset: String(page * PAGE_ROWS),
    });
    const path = `api/projects/${encodeURIComponent(here.entity)}/${encodeURIComponent(here.project)}/runs?${parameters.toString()}`;
    try {
      const list = await source.getJson<RunList>(path);
      if (mine !== generation) return;
      if (deletionsBefore !== deletions) {
        // It may still have them, and places that count them.
        setTimeout(() => void fetchPage(page));
        return;
      }
      const isMoved = list.matched !== rows.peek().length;
      // Rows of another order, or from before runs came and went, stand at wrong places: they are fetched again when seen.
      const held = rowsGeneration === mine && !(page === 0 && isMoved) ? rows.peek() : [];
      if (page > 0 && isMoved) setTimeout(reloadRuns);
      rowsGeneration = mine;
      batch(() => {
        const next = Array.from({ length: list.matched }, (_, index) => held[index]);
        list.runs.forEach((run, index) => (next[page * PAGE_ROWS + index] = run));
        rows.value = next;
        matched.value = list.matched;
        total.value = list.total;
        availableColumns.value = list.columns;
        queryError.value = null;
        listState.value = { is: "ready" };
      });
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      if (mine !== generation || error.isAborted) return;
      if (error.status === 400 && query.peek() !== "") {
        queryError.value = error;
        listState.value = { is: "ready" };
        return;
      }
      // What is on show stays: one page that fails is not the list.
      if (rowsGeneration !== mine) listState.value = { is: "failed", error };
      failedPages.add(page);
      retryTimer ??= setTimeout(retryPages, RETRY_MS);
    } finally {
      pagesAsked.delete(page);
    }
  }

  async function refetchRun(uid: number): Promise<void> {
    const mine = generation;
    try {
      const detail = await source.getJson<RunDetail>(`api/runs/${uid}`);
      if (mine === generation) replaceRun(detail.run);
    } catch (thrown) {
      // The next event asks again, and the list keeps its last known values until then.
      if (apiErrorFrom(thrown).status === 404) reloadRuns();
    }
  }

  /** Put a newer view of a run (after an edit, say) wherever the run is held. */
  function replaceRun(run: RunView): void {
    batch(() => {
      if (fixedRun.peek()?.uid === run.uid) fixedRun.value = run;
      const at = rows.peek().findIndex((held) => held?.uid === run.uid);
      if (at >= 0) rows.value = rows.peek().with(at, run);
    });
  }

  /** Take deleted runs off the page at once; the list that is asked for next has the new counts. */
  function dropRuns(uids: ReadonlySet<number>): void {
    deletions += 1;
    hasLostRuns = true;
    const left = rows.peek().filter((run) => !run || !uids.has(run.uid));
    const lost = rows.peek().length - left.length;
    batch(() => {
      if (lost > 0) {
        rows.value = left;
        matched.value -= lost;
        total.value -= lost;
      }
      selectedRuns.value = new Set([...selectedRuns.peek()].filter((uid) => !uids.has(uid)));
      for (const pointed of [focusedRun, hoveredRun]) if (uids.has(pointed.peek() ?? -1)) pointed.value = null;
    });
  }

  const changed = new Set<number>();
  let hasLostRuns = false;
  let refreshTimer: ReturnType<typeof setTimeout> | undefined;

  function takeEvent(event: LiveEvent, project: string | null): void {
    // Another scope's: its runs would look like new ones here.
    if (project !== null && project !== projectOf(route.peek())) return;
    if (event.deleted) dropRuns(new Set(event.deleted));
    const held = new Map(runs.peek().map((run) => [run.uid, run]));
    const next = new Map<number, RunView>();
    for (const live of event.runs) {
      const run = held.get(live.uid);
      if (run && (run.state !== live.state || run.last_step !== live.last_step)) {
        next.set(live.uid, { ...run, state: live.state, last_step: live.last_step, is_stale: false });
      }
      changed.add(live.uid);
    }
    if (next.size > 0) rows.value = rows.peek().map((run) => (run && next.get(run.uid)) ?? run);
    refreshTimer ??= setTimeout(refreshChanged, REFRESH_MS);
  }

  /** Runs that changed are asked for one by one; a run that is new or gone, or many at once, mean the list itself. */
  function refreshChanged(): void {
    refreshTimer = undefined;
    const uids = [...changed];
    changed.clear();
    const held = new Set(runs.peek().map((run) => run.uid));
    if (listState.peek().is === "idle") return;
    const isAllHeld = rows.peek().length === held.size;
    const isShorter = hasLostRuns;
    hasLostRuns = false;
    if (isShorter || uids.length > 6 || (isAllHeld && uids.some((uid) => !held.has(uid)))) reloadRuns();
    else for (const uid of uids) if (held.has(uid)) void refetchRun(uid);
  }

  /** A run that dies says nothing: ask again about those that have been silent for too long. */
  function checkSilent(): void {
    if (document.visibilityState !== "visible" || listState.peek().is !== "ready") return;
    const now = Date.now() / 1000;
    for (const run of runs.peek()) {
      if (run.state === "running" && !run.is_stale && now - run.last_activity_at > STALE_SECS) void refetchRun(run.uid);
    }
  }

  const ends = new Ends();
  ends.add(() => {
    generation += 1; // what is on its way comes too late
    for (const one of [retryTimer, refreshTimer]) clearTimeout(one);
  });

  /** Keep the list in step with route, filter and sort, and with what happens on the server. Once, by the scope. */
  function startRuns(): void {
    ends.add(onLive(takeEvent), onRecovery(retryPages));
    const silent = setInterval(checkSilent, STALE_CHECK_MS);
    ends.add(() => clearInterval(silent));
    ends.add(effect(() => {
      const here = route.value;
      const wantsList = here.page === "workspace" || here.page === "table";
      const wanted = wantsList ? JSON.stringify([here.entity, here.project, query.value, sort.value]) : listed;
      untracked(() => {
        if (here.page === "projects" || wanted === listed) return;
        const isSameProject =
          listed !== "" && JSON.stringify(JSON.parse(listed).slice(0, 2)) === JSON.stringify(JSON.parse(wanted).slice(0, 2));
        listed = wanted;
        generation += 1;
        pagesAsked.clear();
        failedPages.clear();
        batch(() => {
          if (!isSameProject) {
            rows.value = [];
            matched.value = 0;
            total.value = 0;
            selectedRuns.value = new Set();
            focusedRun.value = null;
          }
          listState.value = { is: "loading" };
        });
        const mine = generation;
        // The stream first: a change between list and stream would never be heard of.
        void (isSameProject ? Promise.resolve() : whenListening(projectOf(here) ?? "")).then(() => {
          if (mine === generation) void fetchPage(0);
        });
      });
    }));
  }

  return {
    query, sort, columns, railPaths, groupBy, shown, listState, queryError, matched, total, availableColumns, rows,
    runs, fixedRun, eyedRuns, visibleRuns, visibleKey, focusedRun, hoveredRun, selectedRuns, isShown, setShown,
    showOnly, runOf, isNameTwice, labelOf, groupNames, runColor, setRunColor, ensureRows, reloadRuns, replaceRun,
    startRuns, stop: () => ends.end(),
  };
}

export type ScopeRuns = ReturnType<typeof makeRuns>;
