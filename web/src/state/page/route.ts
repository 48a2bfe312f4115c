/** Which page is shown: the path below the base, read into a closed union. */
import { type ReadonlySignal, computed } from "@preact/signals";
import { base } from "@/api/base";
import { goTo, locationPath } from "@/state/page/url";

export const RUN_TABS = ["overview", "charts", "system", "logs", "files"] as const;
export type RunTab = (typeof RUN_TABS)[number];

export type Route =
  | { page: "projects" }
  | { page: "workspace"; entity: string; project: string }
  | { page: "table"; entity: string; project: string }
  | { page: "run"; entity: string; project: string; id: string; tab: RunTab }
  | { page: "unknown"; path: string };

export const route: ReadonlySignal<Route> = computed(() => routeOf(locationPath.value));

/** "entity/project", as the API names it; null for a page that is of no project. */
export function projectOf(here: Route): string | null {
  return "project" in here ? `${here.entity}/${here.project}` : null;
}

/** "/lab/scenes" -> the address under the base, for <a href>. Give names encoded: see `projectPath`, `runPath`. */
export function href(path: string): string {
  return base + path.replace(/^\/+/, "");
}

export function projectPath(entity: string, project: string, page: "workspace" | "table" = "workspace"): string {
  const path = `/${encodeURIComponent(entity)}/${encodeURIComponent(project)}`;
  return page === "table" ? `${path}/table` : path;
}

export function runPath(run: { entity: string; project: string; id: string }, tab: RunTab = "overview"): string {
  return `${projectPath(run.entity, run.project)}/runs/${encodeURIComponent(run.id)}/${tab}`;
}

/**
 * Show the page at `path` ("/lab/scenes/table"), which may bring its own query ("?q=lr>1").
 * Without one, the view's parameters are kept inside a project and dropped on the way to another.
 */
export function navigate(path: string): void {
  const [pathname = "/", query] = path.split("?", 2);
  const full = href(pathname);
  const search = query === undefined ? (isSameProject(route.peek(), routeOf(full)) ? null : "") : query && `?${query}`;
  goTo(full, search);
}

export function routeOf(path: string): Route {
  const below = path.startsWith(base) ? path.slice(base.length) : path.replace(/^\//, "");
  let parts: string[];
  try {
    parts = below.split("/").filter((part) => part !== "").map(decodeURIComponent);
  } catch {
    return { page: "unknown", path };
  }
  const [entity, project, page, id, tab] = parts;
  if (entity === undefined) return { page: "projects" };
  if (project === undefined) return { page: "unknown", path };
  if (page === undefined) return { page: "workspace", entity, project };
  if (page === "table" && parts.length === 3) return { page: "table", entity, project };
  if (page === "runs" && id !== undefined && parts.length <= 5) {
    const known = RUN_TABS.find((name) => name === (tab ?? "overview"));
    if (known) return { page: "run", entity, project, id, tab: known };
  }
  return { page: "unknown", path };
}

function isSameProject(a: Route, b: Route): boolean {
  return "project" in a && "project" in b && a.entity === b.entity && a.project === b.project;
}
