/** Texts, lists and mixed values at the clock's step, a row for each run. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MediaCell, RunView } from "@/api/schema";
import { exactText, formatNumber } from "@/lib/text/format";
import { MediaCard } from "@/media/MediaCard";
import { isRecord } from "@/media/registry";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { type PanelProps, runsHavingKey } from "@/panels/panel";
import { MiddleText } from "@/parts/MiddleText";
import { EmptyState } from "@/parts/States";
import type { RunStep } from "@/state/media/steps";
import { useScope } from "@/state/scope";
import "@/panels/histogram.css";

const ROWS_AT_FIRST = 12;
const LONGEST = 20_000;
const ONE_LINE = 100;

export function ValuePanel({ panel }: PanelProps<"value">): JSX.Element {
  const scope = useScope();
  const { stepsOf } = scope.steps;
  const [{ key }] = panel.keys;
  const runs = runsHavingKey(scope, panel);
  const [isAll, setAll] = useState(false);
  const drawn = isAll ? runs : runs.slice(0, ROWS_AT_FIRST);
  const steps = stepsOf(drawn.map((run) => run.uid), key);
  return (
    <section class="value-panel" aria-label={key}>
      <header class="value-head">
        <h3><MiddleText text={key} /></h3>
      </header>
      {runs.length === 0 && <EmptyState isSmall title="No shown run has logged it." />}
      <div class="value-rows">
        {drawn.map((run, at) => {
          const step = steps[at];
          return step && <ValueRow key={run.uid} run={run} keyName={key} step={step} isOnly={runs.length === 1} />;
        })}
      </div>
      {runs.length > drawn.length && (
        <Button look="plain" onClick={() => setAll(true)}>{`${drawn.length} of ${runs.length} runs shown · show all`}</Button>
      )}
    </section>
  );
}

function ValueRow({ run, keyName, step, isOnly }: { run: RunView; keyName: string; step: RunStep; isOnly: boolean }): JSX.Element {
  const { cells: { cellAt }, runs: { labelOf, runColor } } = useScope();
  const state = typeof step.step === "number" ? cellAt(run.uid, keyName, step.step).value : null;
  const cell = state?.is === "ready" ? state.cell : null;
  const stepText = typeof step.step === "number" ? `step ${formatNumber(step.step)}` : "";
  return (
    <div class={`value-row${isOnly ? " value-row-one" : ""}`}>
      {!isOnly && (
        <div class="value-run" style={{ "--run": runColor(run.uid) }}>
          <MiddleText text={labelOf(run)} />
          <span class={`value-step${step.isOtherStep ? " value-step-other" : ""}`}>{stepText}</span>
        </div>
      )}
      <div>
        {isOnly && <span class={`value-step${step.isOtherStep ? " value-step-other" : ""}`}>{stepText}</span>}
        {cell?.state === "ok" ? (
          <Items cell={cell} />
        ) : (
          <span class="value-none">
            {step.step === null
              ? step.nothing
              : state?.is === "failed"
                ? state.error.message
                : cell?.state === "missing" ? "nothing at this step" : "loading"}
          </span>
        )}
      </div>
      {cell?.state === "ok" && <CopyButton label="Copy the value" text={() => textOf(cell)} />}
    </div>
  );
}

function Items({ cell }: { cell: MediaCell }): JSX.Element {
  if (!cell.items.some(isRecord)) return <Text text={textOf(cell)} />;
  return (
    <div class="value-items">
      {cell.items.map((item, at) => <MediaCard key={at} record={item} size="thumb" />)}
    </div>
  );
}

/** Long texts are cut on the screen, with the length said; copying gives all of it. */
function Text({ text }: { text: string }): JSX.Element {
  const [isAll, setAll] = useState(false);
  const isCut = text.length > LONGEST && !isAll;
  return (
    <>
      <pre class="value-text" tabIndex={0}>
        {isCut ? text.slice(0, LONGEST) : text}
      </pre>
      {isCut && (
        <Button
          look="plain"
          onClick={() => setAll(true)}
        >{`${formatNumber(LONGEST)} of ${formatNumber(text.length)} characters · show all`}</Button>
      )}
    </>
  );
}

function textOf(cell: MediaCell): string {
  if (!cell.is_list) return exactText(cell.items[0]);
  const line = `[${cell.items.map((item) => JSON.stringify(item)).join(", ")}]`;
  return line.length <= ONE_LINE ? line : exactText(cell.items);
}
