/** Sort, columns and groups of the run list, as menus over the paths that the runs have. */
import type { JSX } from "preact";
import { columnTitle } from "@/lib/runs/paths";
import { Menu, type MenuItem } from "@/parts/Menu";
import { type Scope, useScope } from "@/state/scope";

const SORT_FIELDS = ["created_at", "name", "runtime_secs", "state", "last_activity_at"];
const GROUP_FIELDS = ["state", "group", "job_type", "host"];

export function SortMenu(): JSX.Element {
  const scope = useScope();
  const { sort } = scope.runs;
  const path = sort.value.replace(/^-/, "");
  const isDown = sort.value.startsWith("-");
  const item = (wanted: string, divider?: string): MenuItem => ({
    label: columnTitle(wanted),
    isChecked: path === wanted,
    ...(path === wanted ? { detail: isDown ? "high to low" : "low to high" } : {}),
    ...(divider === undefined ? {} : { divider }),
    onSelect: () => (sort.value = path === wanted ? (isDown ? wanted : `-${wanted}`) : wanted === "name" ? wanted : `-${wanted}`),
  });
  const summary = pathsOf(scope, "summary.", "number");
  const config = pathsOf(scope, "config.");
  return (
    <Menu
      label="Sort the runs"
      text="Sort"
      look="plain"
      align="end"
      items={[
        ...SORT_FIELDS.map((field) => item(field)),
        ...summary.map((wanted, index) => item(wanted, index === 0 ? "Summary" : undefined)),
        ...config.map((wanted, index) => item(wanted, index === 0 ? "Config" : undefined)),
      ]}
    />
  );
}

/** Which values stand in small print under the names; none chosen: those that tell the runs apart. */
export function RailColumnsMenu({ shown }: { shown: readonly string[] }): JSX.Element {
  const scope = useScope();
  const { railPaths } = scope.runs;
  const toggle = (path: string): void => {
    railPaths.value = shown.includes(path) ? shown.filter((one) => one !== path) : [...shown, path];
  };
  const item = (path: string, divider?: string): MenuItem => ({
    label: columnTitle(path), isChecked: shown.includes(path), staysOpen: true, onSelect: () => toggle(path),
    ...(divider === undefined ? {} : { divider }),
  });
  return (
    <Menu
      label="Values shown under the names"
      text="Columns"
      look="plain"
      align="end"
      items={[
        { label: "What tells the runs apart", isChecked: railPaths.value.length === 0, onSelect: () => (railPaths.value = []) },
        ...pathsOf(scope, "config.").map((path, index) => item(path, index === 0 ? "Config" : undefined)),
        ...pathsOf(scope, "summary.", "number").map((path, index) => item(path, index === 0 ? "Summary" : undefined)),
      ]}
    />
  );
}

export function GroupMenu(): JSX.Element {
  const scope = useScope();
  const { groupBy } = scope.runs;
  const item = (path: string, divider?: string): MenuItem => ({
    label: columnTitle(path), isChecked: groupBy.value === path, onSelect: () => (groupBy.value = path),
    ...(divider === undefined ? {} : { divider }),
  });
  return (
    <Menu
      label="Gather the runs by a value"
      text="Group"
      look="plain"
      align="end"
      items={[
        { label: "No groups", isChecked: groupBy.value === "", onSelect: () => (groupBy.value = "") },
        ...GROUP_FIELDS.map((field, index) => item(field, index === 0 ? "Run" : undefined)),
        ...pathsOf(scope, "config.").map((path, index) => item(path, index === 0 ? "Config" : undefined)),
      ]}
    />
  );
}

function pathsOf(scope: Scope, prefix: string, type?: string): string[] {
  const { availableColumns } = scope.runs;
  return availableColumns.value
    .filter((column) => column.path.startsWith(prefix) && (type === undefined || column.type === type) && column.type !== "other")
    .map((column) => column.path);
}
