/** The commands of the frame itself: pages, theme, undo, palette, rail. Panels register their own. */
import { copyText } from "@/lib/browser/clipboard";
import { registerCommand } from "@/state/page/commands";
import { navigate, projectPath, route } from "@/state/page/route";
import { cycleTheme, themeChoice } from "@/state/page/theme";
import { showToast } from "@/state/page/toasts";
import { canRedo, canUndo, flush, redo, undo } from "@/state/page/url";
import { isRailOpen, openDialog, toggleInspector } from "@/state/page/layout";
import type { Scope } from "@/state/scope";

export const FIELD_IDS = { panels: "panel-search", runs: "run-filter" } as const;

/** Put the keyboard into a field of the frame. */
export function focusField(id: string): void {
  const field = document.querySelector<HTMLInputElement>(`#${id} input`);
  field?.focus();
  field?.select();
}

/** Copy the address of exactly this view. */
export async function shareView(): Promise<void> {
  flush();
  if (await copyText(location.href)) showToast("The link to this view was copied.");
  else showToast("The browser did not allow copying.", { tone: "error", hint: "Copy the address bar: it is the whole view." });
}

function hasProject(): boolean {
  return "project" in route.peek();
}

function go(page: "workspace" | "table"): void {
  const here = route.peek();
  if ("project" in here) navigate(projectPath(here.entity, here.project, page));
}

/** Once, from main. */
export function registerFrameCommands(scope: Scope): void {
  const { fixedRun, query, reloadRuns, runs, setShown, shown } = scope.runs;
  const isRunList = (): boolean => ["workspace", "table"].includes(route.peek().page);
  for (const command of [
    {
      id: "palette",
      title: "Command palette",
      keys: ["Mod+K", "Mod+Shift+P"],
      group: "Help",
      run: () => (openDialog.value = "palette"),
      isOnlyShortcut: true,
    },
    {
      id: "keys",
      title: "List of keys",
      keys: "?",
      group: "Help",
      run: () => (openDialog.value = openDialog.peek() === "keys" ? "none" : "keys"),
    },
    // With nothing to undo the browser would undo in the field that was typed in last, wherever that is.
    {
      id: "undo",
      title: "Undo the last change of the view",
      keys: "Mod+Z",
      group: "View",
      run: undo,
      isEnabled: canUndo,
      ownsKeys: true,
    },
    {
      id: "redo",
      title: "Redo the change of the view",
      keys: ["Mod+Shift+Z", "Mod+Y"],
      group: "View",
      run: redo,
      isEnabled: canRedo,
      ownsKeys: true,
    },
    { id: "share", title: "Copy the link to this view", group: "View", run: () => void shareView(), words: "share url" },
    { id: "theme", title: "Change theme: system, light, dark", group: "View", run: cycleTheme, words: "appearance" },
    { id: "theme-light", title: "Light theme", group: "View", run: () => (themeChoice.value = "light") },
    { id: "theme-dark", title: "Dark theme", group: "View", run: () => (themeChoice.value = "dark") },
    {
      id: "search-panels",
      title: "Search panels",
      keys: "/",
      group: "View",
      run: () => focusField(FIELD_IDS.panels),
      isEnabled: hasProject,
    },
    {
      id: "toggle-inspector",
      title: "Show or hide the inspector",
      keys: "Mod+I",
      group: "View",
      run: toggleInspector,
      isEnabled: hasProject,
    },
    {
      id: "toggle-rail",
      title: "Show or hide the run list",
      keys: "Mod+B",
      group: "View",
      run: () => (isRailOpen.value = !isRailOpen.peek()),
      isEnabled: hasProject,
    },
    {
      id: "filter-runs",
      title: "Filter runs",
      keys: "f",
      group: "Runs",
      run: () => {
        isRailOpen.value = true;
        setTimeout(() => focusField(FIELD_IDS.runs));
      },
      isEnabled: isRunList,
    },
    {
      id: "clear-filter",
      title: "Clear the run filter",
      group: "Runs",
      run: () => (query.value = ""),
      isEnabled: () => isRunList() && query.peek() !== "",
    },
    { id: "show-all", title: "Show all runs", group: "Runs", run: () => (shown.value = "all"), isEnabled: isRunList },
    {
      id: "show-none",
      title: "Hide all runs",
      group: "Runs",
      run: () =>
        setShown(
          runs.peek().map((run) => run.uid),
          false,
        ),
      isEnabled: isRunList,
    },
    { id: "reload-runs", title: "Reload the run list", group: "Runs", run: reloadRuns, isEnabled: isRunList },
    { id: "go-projects", title: "Go to projects", group: "Go to", run: () => navigate("/") },
    { id: "go-panels", title: "Go to panels", group: "Go to", run: () => go("workspace"), isEnabled: hasProject },
    { id: "go-table", title: "Go to the run table", group: "Go to", run: () => go("table"), isEnabled: hasProject },
    { id: "go-run-list", title: "Leave the run", group: "Go to", run: () => go("workspace"), isEnabled: () => fixedRun.peek() !== null },
  ]) {
    registerCommand(command);
  }
}
