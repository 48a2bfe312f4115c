/** The run of the run page: loaded by its id, refreshed while it changes, edited in place. */
import { type ReadonlySignal, type Signal, batch, effect, signal, untracked } from "@preact/signals";
import { ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import { Ends } from "@/lib/ends";
import type { RunDetail, RunPatch, RunView } from "@/api/schema";
import { onLive, whenListening } from "@/state/server/live";
import { showToast } from "@/state/page/toasts";
import type { Route } from "@/state/page/route";
import type { ScopeRuns } from "@/state/runs/runs";
import type { Source } from "@/api/source";

export type DetailState = { is: "idle" } | { is: "loading" } | { is: "ready"; detail: RunDetail } | { is: "failed"; error: ApiError };

const REFRESH_MS = 1_500;

interface DetailNeeds {
  route: ReadonlySignal<Route>;
  runs: ScopeRuns;
  source: Source;
}

export function makeDetail({ route, source, runs: { fixedRun, replaceRun } }: DetailNeeds) {
  const detail: Signal<DetailState> = signal({ is: "idle" });

  let shownPath = "";
  let generation = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function reloadDetail(): void {
    if (shownPath !== "") void load(shownPath);
  }

  async function load(path: string): Promise<void> {
    generation += 1;
    const mine = generation;
    try {
      const found = await source.getJson<RunDetail>(path);
      if (mine !== generation) return;
      batch(() => {
        detail.value = { is: "ready", detail: found };
        fixedRun.value = found.run;
      });
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      if (mine !== generation || error.isAborted) return;
      // A refresh that fails leaves what is known; the live chip says that the connection is gone.
      if (detail.peek().is !== "ready" || error.status === 404) detail.value = { is: "failed", error };
    }
  }

  /** Change name, notes or tags; answers whether the server took it. The page shows the change at once and takes it back if not. */
  async function editRun(run: RunView, patch: RunPatch): Promise<boolean> {
    const optimistic: RunView = {
      ...run, name: patch.name ?? run.name, notes: patch.notes ?? run.notes, tags: patch.tags ?? run.tags,
    };
    take(optimistic);
    try {
      take(await source.patchJson<RunView>(`api/runs/${run.uid}`, patch));
      return true;
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      take(run);
      showToast(`Not saved: ${error.message}`, { tone: "error", hint: error.hint });
      return false;
    }
  }

  function take(run: RunView): void {
    const now = detail.peek();
    batch(() => {
      replaceRun(run);
      if (now.is === "ready" && now.detail.run.uid === run.uid) detail.value = { is: "ready", detail: { ...now.detail, run } };
    });
  }

  const ends = new Ends();
  ends.add(() => {
    generation += 1; // what is on its way comes too late
    clearTimeout(timer);
  });

  /** Once, by the scope. */
  function startDetail(): void {
    ends.add(onLive((event) => {
      const run = fixedRun.peek();
      if (run === null) return;
      if (event.deleted?.includes(run.uid)) {
        generation += 1; // what is on its way is of before
        clearTimeout(timer);
        timer = undefined;
        batch(() => {
          fixedRun.value = null;
          detail.value = { is: "failed", error: new ApiError("deleted", `The run ${run.name} was deleted.`, "", 404) };
        });
      }
      if (!event.runs.some(({ uid }) => uid === run.uid)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        reloadDetail();
      }, REFRESH_MS);
    }));
    ends.add(onRecovery(reloadDetail));
    ends.add(effect(() => {
      const here = route.value;
      const path = here.page === "run" ? `api/runs/${[here.entity, here.project, here.id].map(encodeURIComponent).join("/")}` : "";
      untracked(() => {
        if (path === shownPath) return;
        shownPath = path;
        generation += 1;
        batch(() => {
          fixedRun.value = null;
          detail.value = path === "" ? { is: "idle" } : { is: "loading" };
        });
        if (here.page !== "run") return;
        void whenListening(`${here.entity}/${here.project}`).then(() => {
          if (path === shownPath && !ends.isOver) void load(path);
        });
      });
    }));
  }

  return { detail, reloadDetail, editRun, startDetail, stop: () => ends.end() };
}

export type ScopeDetail = ReturnType<typeof makeDetail>;
