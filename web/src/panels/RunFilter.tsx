/** The filter field over the runs, with what is wrong in it and what the language can do. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { unfinishedTerm } from "@/lib/runs/filterText";
import { IconButton } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import { TextField } from "@/parts/TextField";
import { FIELD_IDS } from "@/panels/frameCommands";
import { useScope } from "@/state/scope";
import "@/panels/rail.css";

const TYPING_MS = 180;

const EXAMPLES: readonly [string, string][] = [
  ["aug", "name, id or tag holds it"],
  ["lr > 1e-3", "a config value (else a summary value)"],
  ["summary.val/loss <= 0.2", "a summary value"],
  ["optimizer = adam", "also != >= < and ~ (holds)"],
  ["tag:baseline", "has the tag"],
  ["state:running", "also finished, failed, crashed, killed"],
  ["-tag:old", "the opposite of a term"],
];

export function RunFilter(): JSX.Element {
  const { elementId, runs: { query, queryError } } = useScope();
  const typed = useSignal(query.value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const sent = useRef(query.value);
  if (query.value !== sent.current) {
    // changed from elsewhere: undo, a link, "clear"
    sent.current = query.value;
    typed.value = query.value;
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const unfinished = unfinishedTerm(typed.value);
  const send = (text: string): void => {
    clearTimeout(timer.current);
    if (unfinishedTerm(text) !== null) return;
    sent.current = text;
    query.value = text;
  };
  const problem = queryError.value;
  return (
    <div id={elementId(FIELD_IDS.runs)} class="run-filter">
      <TextField
        label="Filter runs"
        placeholder="Filter: lr > 1e-3, tag:aug"
        icon="search"
        hasClear
        value={typed.value}
        error={unfinished ?? (problem ? `${problem.message}${problem.hint ? ` ${problem.hint}` : ""}` : undefined)}
        onInput={(text) => {
          typed.value = text;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => send(text), text === "" ? 0 : TYPING_MS);
        }}
        onCommit={send}
      />
      <FilterHelp onPick={(text) => { typed.value = text; send(text); }} />
    </div>
  );
}

function FilterHelp({ onPick }: { onPick: (text: string) => void }): JSX.Element {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <IconButton
        buttonRef={button}
        icon="info"
        size={14}
        label="What the filter understands"
        isExpanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      />
      {isOpen.value && (
        <Popover anchor={button} label="What the filter understands" onClose={() => (isOpen.value = false)}>
          <div class="filter-help">
            <p>All terms must hold; put spaces or commas between them.</p>
            {EXAMPLES.map(([text, meaning]) => (
              <button key={text} type="button" onClick={() => { onPick(text); isOpen.value = false; }}>
                <code>{text}</code>
                <span>{meaning}</span>
              </button>
            ))}
          </div>
        </Popover>
      )}
    </>
  );
}
