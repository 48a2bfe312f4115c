/** The command palette: commands, runs, panels and pages by a few letters of their names. */
import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type FuzzyMatch, fuzzyMatch } from "@/lib/text/fuzzy";
import { Dialog } from "@/parts/Dialog";
import { Icon } from "@/parts/Icon";
import { Keys } from "@/parts/Keys";
import { commands } from "@/state/page/commands";
import { navigate, runPath } from "@/state/page/route";
import { openDialog } from "@/state/page/layout";
import { type Scope, useScope } from "@/state/scope";
import "@/panels/palette.css";

interface Entry {
  id: string;
  title: string;
  group: string;
  words: string;
  keys?: string;
  color?: string;
  run: () => void;
}

const SHOWN_MOST = 60;

export function Palette(): JSX.Element {
  const scope = useScope();
  const wanted = useSignal("");
  const at = useSignal(0);
  const list = useRef<HTMLDivElement>(null);
  const entries = useComputed(() => allEntries(scope));
  const found = useComputed(() => rank(entries.value, wanted.value));
  const shown = found.value.slice(0, SHOWN_MOST);
  const close = (): void => {
    openDialog.value = "none";
  };
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return;
    close();
    setTimeout(entry.run); // after the dialog has given the focus back
  };

  const active = Math.min(at.value, shown.length - 1);
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active, wanted.value]);

  return (
    <Dialog label="Command palette" class="palette" onClose={close}>
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Search commands, runs and panels"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={shown[active] ? `palette-${active}` : undefined}
          placeholder="Commands, runs, panels …"
          spellcheck={false}
          autocomplete="off"
          value={wanted.value}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
            at.value = 0;
          }}
          onKeyDown={(event) => {
            if (event.key === "ArrowDown") at.value = (active + 1) % Math.max(1, shown.length);
            else if (event.key === "ArrowUp") at.value = (active + shown.length - 1) % Math.max(1, shown.length);
            else if (event.key === "Enter") choose(shown[active]?.entry);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <div ref={list} id="palette-list" class="palette-list" role="listbox" aria-label="Results">
        {shown.map(({ entry, match }, index) => (
          <div key={entry.id} role="presentation">
            {wanted.value === "" && shown[index - 1]?.entry.group !== entry.group && <div class="palette-group">{entry.group}</div>}
            <div
              id={`palette-${index}`}
              class="palette-row"
              role="option"
              aria-selected={index === active}
              onPointerMove={() => (at.value = index)}
              onClick={() => choose(entry)}
            >
              {entry.color !== undefined && <span class="dot" style={{ background: entry.color }} />}
              <span class="truncate palette-title"><Marked text={entry.title} match={match} /></span>
              {wanted.value !== "" && <span class="palette-kind">{entry.group}</span>}
              {entry.keys !== undefined && <Keys keys={entry.keys} />}
            </div>
          </div>
        ))}
        {shown.length === 0 && <p class="palette-none">Nothing is called “{wanted.value}”.</p>}
        {found.value.length > SHOWN_MOST && <p class="palette-none">{SHOWN_MOST} of {found.value.length} shown: type more letters.</p>}
      </div>
    </Dialog>
  );
}

function allEntries(scope: Scope): Entry[] {
  const { keys: { keys }, panelSearch: { panelQuery }, runs: { runColor, runs } } = scope;
  const fromCommands = commands.value
    .filter((command) => !command.isOnlyShortcut && (command.isEnabled?.() ?? true))
    .map((command): Entry => {
      const first = typeof command.keys === "string" ? command.keys : command.keys?.[0];
      return {
        id: `command ${command.id}`, title: command.title, group: command.group, words: command.words ?? "", run: command.run,
        ...(first === undefined ? {} : { keys: first }),
      };
    });
  const fromRuns = runs.value.slice(0, 2000).map((run): Entry => ({
    id: `run ${run.uid}`, title: run.name, group: "Run", words: `${run.id} ${run.tags.join(" ")}`, color: runColor(run.uid),
    run: () => navigate(runPath(run)),
  }));
  const fromKeys = keys.value.map((key): Entry => ({
    id: `panel ${key.kind} ${key.key}`, title: key.key, group: "Panel", words: key.kind, run: () => (panelQuery.value = key.key),
  }));
  return [...fromCommands, ...fromRuns, ...fromKeys];
}

function rank(entries: readonly Entry[], wanted: string): { entry: Entry; match: FuzzyMatch }[] {
  const nothing: FuzzyMatch = { score: 0, at: [] };
  if (wanted.trim() === "") {
    return entries.map((entry) => ({ entry, match: nothing })).sort((a, b) => groupRank(a.entry) - groupRank(b.entry));
  }
  return entries
    .flatMap((entry) => {
      const byTitle = fuzzyMatch(wanted, entry.title);
      if (byTitle) return [{ entry, match: byTitle }];
      const byWords = fuzzyMatch(wanted, `${entry.title} ${entry.group} ${entry.words}`);
      return byWords ? [{ entry, match: { score: byWords.score - 6, at: [] } }] : [];
    })
    .sort((a, b) => b.match.score - a.match.score);
}

const GROUP_ORDER = ["Go to", "View", "Runs", "Clock", "Media", "Charts", "Help", "Run", "Panel"];

function groupRank(entry: Entry): number {
  const at = GROUP_ORDER.indexOf(entry.group);
  return at < 0 ? 6.5 : at;
}

/** The text with its matching letters set off. */
function Marked({ text, match }: { text: string; match: FuzzyMatch }): JSX.Element {
  if (match.at.length === 0) return <>{text}</>;
  const marks = new Set(match.at);
  const pieces: JSX.Element[] = [];
  for (let from = 0; from < text.length; ) {
    let to = from + 1;
    while (to < text.length && marks.has(to) === marks.has(from)) to += 1;
    const piece = text.slice(from, to);
    pieces.push(marks.has(from) ? <b key={from}>{piece}</b> : <span key={from}>{piece}</span>);
    from = to;
  }
  return <>{pieces}</>;
}
