/** One run in the rail: eye, colour, name, what tells it apart, state. */
import type { JSX } from "preact";
import type { RunView } from "@/api/schema";
import { RUN_COLORS } from "@/lib/runs/colors";
import { lastNameAt, valueAt } from "@/lib/runs/paths";
import { formatValue } from "@/lib/text/format";
import { numberOf } from "@/lib/text/numbers";
import { ColorDot } from "@/parts/ColorDot";
import { Icon } from "@/parts/Icon";
import { Link } from "@/panels/Link";
import { MiddleText } from "@/parts/MiddleText";
import { stateText } from "@/parts/RunState";
import { Spark } from "@/panels/Spark";
import { runPath } from "@/state/page/route";
import { useScope } from "@/state/scope";

export interface RunRowProps {
  run: RunView;
  paths: readonly string[];
  onPick: (run: RunView, how: "one" | "toggle" | "extend") => void;
}

export function RunRow({ run, paths, onPick }: RunRowProps): JSX.Element {
  const { elementId, runs } = useScope();
  const { focusedRun, hoveredRun, isNameTwice, isShown, runColor, selectedRuns, setRunColor, setShown, showOnly } = runs;
  const isOn = isShown(run.uid);
  const color = runColor(run.uid);
  const isSelected = selectedRuns.value.has(run.uid);
  const details = detailsOf(run, paths);
  return (
    <div
      id={elementId(`rail-run-${run.uid}`)}
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
      <ColorDot
        color={color}
        label={run.name}
        palette={RUN_COLORS}
        isDim={!isOn}
        tabIndex={-1}
        onChange={(next) => setRunColor(run.uid, next)}
      />
      <div class="rail-text">
        <div class="rail-heading">
          <Link class="rail-name" path={runPath(run)} label={run.name} title={`Open ${run.name}`} tabIndex={-1}>
            <MiddleText text={run.name} />
          </Link>
          {isNameTwice(run.name) && <span class="rail-id">{run.id}</span>}
        </div>
        <div class="rail-line">
          <span
            class={`rail-state rail-state-${run.is_stale ? "stale" : run.state}`}
            role="img"
            aria-label={stateText(run)}
            title={stateText(run)}
          />
          <span class="rail-params truncate" title={details.join("\n")}>
            {details.join(" · ") || stateText(run)}
          </span>
          <Spark uid={run.uid} color={color} isDim={!isOn} />
        </div>
      </div>
    </div>
  );
}

/** "lr 3e-4": the last part of the path is enough to know it by. */
function detailsOf(run: RunView, paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const value = valueAt(run, path);
    if (value === undefined) return [];
    const name = lastNameAt(run, path);
    return [`${SHORT.get(name) ?? name} ${shortValue(value)}`];
  });
}

/** "1e-3" rather than "0.001": there is little room. */
function shortValue(value: unknown): string {
  const number = numberOf(value);
  if (number === undefined || Number.isInteger(number) || !Number.isFinite(number)) return formatValue(value);
  const plain = String(Number(number.toPrecision(3)));
  const scientific = number.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return scientific.length < plain.length ? scientific : plain;
}

const SHORT = new Map([["learning_rate", "lr"], ["batch_size", "bs"], ["weight_decay", "wd"]]);
