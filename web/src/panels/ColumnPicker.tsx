/** Which columns the run table shows: searched, ticked, and in which order. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { columnTitle } from "@/lib/runs/paths";
import { Button, IconButton } from "@/parts/Button";
import { MiddleText } from "@/parts/MiddleText";
import { Popover } from "@/parts/Popover";
import { TextField } from "@/parts/TextField";
import { Toggle } from "@/parts/Toggle";
import { useScope } from "@/state/scope";
import "@/pages/table.css";

const SHOWN_MOST = 150;

export function ColumnPicker(): JSX.Element {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button buttonRef={button} icon="columns" isExpanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>Columns</Button>
      {isOpen.value && (
        <Popover anchor={button} label="Columns" align="end" onClose={() => (isOpen.value = false)}>
          <Picker />
        </Popover>
      )}
    </>
  );
}

function Picker(): JSX.Element {
  const { runTable: { allPaths, shownPaths }, runs: { columns } } = useScope();
  const wanted = useSignal("");
  const shown = shownPaths();
  const words = wanted.value.trim().toLowerCase();
  const rest = allPaths().filter((path) => !shown.includes(path) && path.toLowerCase().includes(words));
  const move = (path: string, by: number): void => {
    const next = [...shown];
    const at = next.indexOf(path);
    const to = at + by;
    if (to < 0 || to >= next.length) return;
    next.splice(at, 1);
    next.splice(to, 0, path);
    columns.value = next;
  };
  return (
    <div class="picker">
      <TextField
        label="Search columns"
        placeholder="Search columns"
        icon="search"
        hasClear
        value={wanted.value}
        onInput={(text) => (wanted.value = text)}
      />
      <div class="picker-list">
        {shown.filter((path) => path.toLowerCase().includes(words)).map((path) => (
          <div key={path} class="picker-row">
            <Toggle
              label={<PathLabel path={path} />}
              isOn
              onChange={() => (columns.value = shown.length > 1 ? shown.filter((one) => one !== path) : shown)}
            />
            <IconButton icon="chevronUp" size={12} label={`Move ${path} to the left`} onClick={() => move(path, -1)} />
            <IconButton icon="chevronDown" size={12} label={`Move ${path} to the right`} onClick={() => move(path, 1)} />
          </div>
        ))}
        {rest.length > 0 && <div class="menu-divider">Not shown</div>}
        {rest.slice(0, SHOWN_MOST).map((path) => (
          <div key={path} class="picker-row">
            <Toggle label={<PathLabel path={path} />} isOn={false} onChange={() => (columns.value = [...shown, path])} />
          </div>
        ))}
        {rest.length > SHOWN_MOST && <p class="card-empty">{SHOWN_MOST} of {rest.length} more: search to see the others.</p>}
      </div>
      <Button look="plain" isDisabled={columns.value.length === 0} onClick={() => (columns.value = [])}>Choose for me</Button>
    </div>
  );
}

function PathLabel({ path }: { path: string }): JSX.Element {
  const group = /^(config|summary)\./.exec(path)?.[1];
  return (
    <span class="picker-path">
      <MiddleText text={columnTitle(path)} title={path} />
      {group !== undefined && <span class="picker-group">{group}</span>}
    </span>
  );
}
