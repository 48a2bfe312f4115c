/** One run in the rail: eye, colour, name, what tells it apart, state. */
import type { JSX } from "preact";
import type { RunView } from "@/api/schema";
import { ColorDot } from "@/parts/ColorDot";
import { formatValue } from "@/parts/format";
import { Icon } from "@/parts/Icon";
import { Link } from "@/parts/Link";
import { stateText } from "@/parts/RunState";
import { Spark } from "@/panels/Spark";
import { RUN_COLORS } from "@/state/palette";
import { columnTitle, valueAt } from "@/state/paths";
import { runPath } from "@/state/route";
import { focusedRun, hoveredRun, isShown, runColor, selectedRuns, setRunColor, setShown, showOnly } from "@/state/runs";

export interface RunRowProps {
  run: RunView;
  paths: readonly string[];
  onPick: (run: RunView, how: "one" | "toggle" | "extend") => void;
}

export function RunRow({ run, paths, onPick }: RunRowProps): JSX.Element {
  const isOn = isShown(run.uid);
  const color = runColor(run.uid);
  const isSelected = selectedRuns.value.has(run.uid);
  const details = detailsOf(run, paths);
  return (
    <div
      id={`rail-run-${run.uid}`}
      class={`rail-row${isOn ? "" : " rail-off"}${focusedRun.value === run.uid ? " rail-focused" : ""}`}
      role="option"
      aria-selected={isSelected}
      aria-label={`${run.name}, ${stateText(run)}, ${isOn ? "shown" : "hidden"}`}
      onPointerEnter={() => (hoveredRun.value = run.uid)}
      onPointerLeave={() => (hoveredRun.value = null)}
      onClick={(event) => onPick(run, event.shiftKey ? "extend" : event.ctrlKey || event.metaKey ? "toggle" : "one")}
    >
      <button
        type="button"
        class="rail-eye"
        aria-label={`${isOn ? "Hide" : "Show"} ${run.name}`}
        aria-pressed={isOn}
        title={isOn ? "Hide (Alt-click: show only this)" : "Show (Alt-click: show only this)"}
        tabIndex={-1}
        onClick={(event) => {
          event.stopPropagation();
          if (event.altKey) showOnly([run.uid]);
          else setShown([run.uid], !isOn);
        }}
      >
        <Icon name={isOn ? "eye" : "eyeOff"} size={14} />
      </button>
      <ColorDot color={color} label={run.name} palette={RUN_COLORS} isDim={!isOn} tabIndex={-1} onChange={(next) => setRunColor(run.uid, next)} />
      <div class="rail-text">
        <div class="rail-name truncate">
          <Link path={runPath(run)} title={`Open ${run.name}`} tabIndex={-1}>{run.name}</Link>
        </div>
        <div class="rail-params" title={[...details, stateText(run)].join("\n")}>
          {details.length > 0 && <span class="truncate">{details.join(" · ")}</span>}
          {details.length > 0 && <span>·</span>}
          <span class={`rail-state rail-state-${run.is_stale ? "stale" : run.state}`}>{stateText(run)}</span>
        </div>
      </div>
      <Spark uid={run.uid} color={color} isDim={!isOn} />
    </div>
  );
}

/** "lr 3e-4": the last part of the path is enough to know it by. */
function detailsOf(run: RunView, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const value = valueAt(run, path);
    if (value === undefined) return [];
    const title = columnTitle(path);
    return [`${shortTitle(title)} ${formatValue(value)}`];
  });
}

const SHORT = new Map([["learning_rate", "lr"], ["batch_size", "bs"], ["weight_decay", "wd"]]);

function shortTitle(title: string): string {
  const last = title.split(".").at(-1) ?? title;
  return SHORT.get(last) ?? last;
}
