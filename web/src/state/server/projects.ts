/** The projects of this store, newest activity first. */
import { type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import type { ProjectList, ProjectView } from "@/api/schema";

export type ProjectsState = { is: "loading" } | { is: "ready"; projects: ProjectView[] } | { is: "failed"; error: ApiError };

export const projects: Signal<ProjectsState> = signal({ is: "loading" });

const REFRESH_MS = 4_000;

export async function loadProjects(): Promise<void> {
  try {
    const list = await source.getJson<ProjectList>("api/projects");
    projects.value = { is: "ready", projects: list.projects.sort((a, b) => b.last_activity_at - a.last_activity_at) };
  } catch (thrown) {
    // What was there stays on a failed refresh.
    if (projects.peek().is !== "ready") projects.value = { is: "failed", error: apiErrorFrom(thrown) };
  }
}

/** Keep the list fresh while it is on show. Returns the way to stop. */
export function followProjects(): () => void {
  void loadProjects();
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void loadProjects();
  }, REFRESH_MS);
  return () => clearInterval(timer);
}
