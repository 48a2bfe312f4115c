/** One run, in tabs. Its Charts tab is the workspace with this run alone. */
import type { JSX } from "preact";
import { Button } from "@/parts/Button";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { Files } from "@/panels/Files";
import { Logs } from "@/panels/Logs";
import { Overview } from "@/panels/Overview";
import { System } from "@/panels/System";
import { Workspace } from "@/pages/Workspace";
import { type Route, navigate, projectPath } from "@/state/page/route";
import { useScope } from "@/state/scope";
import "@/pages/pages.css";

export function RunPage({ here }: { here: Route & { page: "run" } }): JSX.Element {
  const { detail, reloadDetail } = useScope().detail;
  const state = detail.value;
  if (state.is === "failed") {
    if (state.error.status === 404) {
      const isDeleted = state.error.code === "deleted";
      return (
        <main class="page">
          <EmptyState
            icon="search"
            title={isDeleted ? "This run was deleted" : "There is no such run"}
            action={<Button onClick={() => navigate(projectPath(here.entity, here.project))}>All runs of {here.project}</Button>}
          >
            {isDeleted ? state.error.message : `${state.error.message}. It may have been deleted, or the link is cut short.`}
          </EmptyState>
        </main>
      );
    }
    return <main class="page"><ErrorState title="The run could not be loaded" error={state.error} onRetry={reloadDetail} /></main>;
  }
  if (state.is !== "ready") return <RunSkeleton />;
  const found = state.detail;
  switch (here.tab) {
    case "overview":
      return <Overview key={found.run.uid} detail={found} />;
    case "charts":
      return <Workspace hasRail={false} />;
    case "system":
      return <main class="page system-page" aria-label="System"><System run={found.run} /></main>;
    case "logs":
      return <Logs key={found.run.uid} run={found.run} />;
    case "files":
      return <Files key={found.run.uid} run={found.run} />;
  }
}

function RunSkeleton(): JSX.Element {
  return (
    <main class="page overview" aria-busy="true" aria-label="Loading the run">
      <div class="overview-head"><Skeleton width={220} height={18} /></div>
      <div class="overview-edit"><Skeleton width={180} height={22} /><Skeleton height={52} /></div>
      <div class="overview-cards">
        {[0, 1, 2].map((index) => (
          <div key={index} class="card"><div class="card-head"><Skeleton width={70} height={13} /></div><div class="run-skeleton" /></div>
        ))}
      </div>
    </main>
  );
}
