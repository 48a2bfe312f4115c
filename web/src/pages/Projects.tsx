/** All projects of the store; on a new store, how to log a first run. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ProjectView } from "@/api/schema";
import { formatAgo, formatCount, formatDate } from "@/lib/text/format";
import { Badge } from "@/parts/Badge";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { Link } from "@/panels/Link";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { followProjects, loadProjects, projects } from "@/state/server/projects";
import { projectPath } from "@/state/page/route";
import "@/pages/pages.css";

const SEARCH_FROM = 6;

export function Projects(): JSX.Element {
  const wanted = useSignal("");
  useEffect(followProjects, []);
  const state = projects.value;
  if (state.is === "failed") {
    return (
      <main class="page">
        <ErrorState title="The projects could not be loaded" error={state.error} onRetry={() => void loadProjects()} />
      </main>
    );
  }
  if (state.is === "ready" && state.projects.length === 0) return <FirstRun />;
  const all = state.is === "ready" ? state.projects : [];
  const found = all.filter((project) => `${project.entity}/${project.name}`.toLowerCase().includes(wanted.value.trim().toLowerCase()));
  return (
    <main class="page projects">
      <div class="projects-head">
        <h1>Projects</h1>
        {all.length >= SEARCH_FROM && (
          <TextField
            label="Search projects"
            placeholder="Search"
            icon="search"
            hasClear
            value={wanted.value}
            onInput={(text) => (wanted.value = text)}
          />
        )}
      </div>
      {state.is === "loading" ? (
        <ul class="projects-list" aria-busy="true">
          {Array.from({ length: 4 }, (_, index) => <li key={index} class="project-row"><Skeleton width="40%" height={14} /></li>)}
        </ul>
      ) : found.length > 0 ? (
        <ul class="projects-list">
          {found.map((project) => <ProjectRow key={`${project.entity}/${project.name}`} project={project} />)}
        </ul>
      ) : (
        <EmptyState
          title={<>No project matches <code>{wanted.value}</code></>}
          action={<Button onClick={() => (wanted.value = "")}>Clear the search</Button>}
        >
          {formatCount(all.length, "project")} {all.length === 1 ? "is" : "are"} hidden by it.
        </EmptyState>
      )}
    </main>
  );
}

function ProjectRow({ project }: { project: ProjectView }): JSX.Element {
  return (
    <li>
      <Link class="project-row" path={projectPath(project.entity, project.name)}>
        <span class="project-name truncate">
          <span class="project-entity">{project.entity} / </span>
          {project.name}
        </span>
        {project.running_count > 0 && <Badge tone="accent">{project.running_count} running</Badge>}
        <span class="project-count">{formatCount(project.run_count, "run")}</span>
        <span
          class="project-time"
          title={`Last activity ${formatDate(project.last_activity_at)}, created ${formatDate(project.created_at)}`}
        >
          {formatAgo(project.last_activity_at)}
        </span>
      </Link>
    </li>
  );
}

const FIRST_RUN = `import diorama
import numpy as np

run = diorama.init(project="first-steps", config={"lr": 1e-3})
for step in range(200):
    run.log({"train/loss": 1 / (step + 1)})
    if step % 20 == 0:
        run.log({"noise": diorama.Image(np.random.rand(64, 64, 3))})
run.finish()`;

function FirstRun(): JSX.Element {
  return (
    <main class="page first-run">
      <div class="first-run-box">
        <h1>No runs in this store yet</h1>
        <p>
          Save this as <code>first.py</code> and run it with <code>python first.py</code>. It appears here while it runs.
        </p>
        <div class="code-box">
          <CopyButton text={FIRST_RUN} label="Copy the script" />
          <pre>{FIRST_RUN}</pre>
        </div>
        <p>
          Scripts written for W&amp;B's SDK run as they are with <code>import diorama as wandb</code>.
        </p>
        <p>Or look at a small real training that comes with Diorama:</p>
        <div class="code-line">
          <code>diorama demo</code>
          <CopyButton text="diorama demo" label="Copy the command" />
        </div>
        <p class="first-run-note">
          If you expected runs here: they may be in another store. <code>DIORAMA_DIR</code> says which one is used,{" "}
          <code>diorama doctor</code> what is in it.
        </p>
      </div>
    </main>
  );
}
