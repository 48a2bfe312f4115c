/** The console of a run, page by page: only the lines in sight are fetched, and the newest while it runs. */
import { type ReadonlySignal, batch, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import type { Source } from "@/api/source";
import type { ConsoleLineView, ConsolePage } from "@/api/schema";
import { onLive } from "@/state/server/live";

const PAGE_LINES = 500;
const EXPORT_LINES = 10_000;
const REFRESH_MS = 600;

export interface RunConsole {
  state: ReadonlySignal<{ is: "loading" } | { is: "ready" } | { is: "failed"; error: ApiError }>;
  /** Lines that match the search, and all. */
  matched: ReadonlySignal<number>;
  total: ReadonlySignal<number>;
  query: ReadonlySignal<string>;
  /** Grows whenever lines have come: heights and rows depend on it. */
  version: ReadonlySignal<number>;
  lineAt: (index: number) => ConsoleLineView | undefined;
  ensure: (first: number, last: number) => void;
  search: (query: string) => void;
  reload: () => void;
  /** Every line that matches, for copying and saving. */
  allLines: () => Promise<ConsoleLineView[]>;
  close: () => void;
}

export function openConsole(source: Source, uid: number): RunConsole {
  const state = signal<{ is: "loading" } | { is: "ready" } | { is: "failed"; error: ApiError }>({ is: "loading" });
  const matched = signal(0);
  const total = signal(0);
  const query = signal("");
  const version = signal(0);
  const pages = new Map<number, ConsoleLineView[]>();
  const asked = new Set<number>();
  const old = new Set<number>();
  let generation = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const fetchLines = (offset: number, limit: number): Promise<ConsolePage> => {
    const parameters = new URLSearchParams({ offset: String(offset), limit: String(limit), q: query.peek() });
    return source.getJson<ConsolePage>(`api/runs/${uid}/console?${parameters.toString()}`);
  };

  const fetchPage = async (page: number): Promise<void> => {
    const mine = generation;
    asked.add(page);
    try {
      const found = await fetchLines(page * PAGE_LINES, PAGE_LINES);
      if (mine !== generation) return;
      batch(() => {
        pages.set(page, found.lines);
        old.delete(page);
        matched.value = found.matched;
        total.value = found.total;
        version.value += 1;
        state.value = { is: "ready" };
      });
    } catch (thrown) {
      if (mine === generation && state.peek().is !== "ready") state.value = { is: "failed", error: apiErrorFrom(thrown) };
    } finally {
      if (mine === generation) asked.delete(page);
    }
  };

  const reload = (): void => {
    generation += 1;
    pages.clear();
    asked.clear();
    state.value = { is: "loading" };
    void fetchPage(0);
  };

  const stop = onLive((event) => {
    if (!event.runs.some((run) => run.uid === uid)) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      // New lines come at the end, but those of another process can also lie between older ones: every page that is
      // held is asked for again when it is next looked at.
      for (const page of pages.keys()) old.add(page);
      void fetchPage(Math.floor(matched.peek() / PAGE_LINES));
    }, REFRESH_MS);
  });
  void fetchPage(0);

  return {
    state, matched, total, query, version, reload,
    lineAt: (index) => pages.get(Math.floor(index / PAGE_LINES))?.[index % PAGE_LINES],
    ensure: (first, last) => {
      for (let page = Math.floor(first / PAGE_LINES); page * PAGE_LINES <= last; page += 1) {
        const held = pages.get(page)?.length ?? 0;
        const wanted = Math.min(PAGE_LINES, matched.peek() - page * PAGE_LINES);
        if ((held < wanted || old.has(page)) && !asked.has(page)) void fetchPage(page);
      }
    },
    search: (text) => {
      if (text === query.peek()) return;
      query.value = text;
      reload();
    },
    allLines: async () => {
      const lines: ConsoleLineView[] = [];
      for (;;) {
        const page = await fetchLines(lines.length, EXPORT_LINES);
        lines.push(...page.lines);
        if (page.lines.length === 0 || lines.length >= page.matched) return lines;
      }
    },
    close: () => {
      generation += 1;
      clearTimeout(timer);
      stop();
    },
  };
}
