/** The line above a table: search, filter, columns, row height, what is shown, saving. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { TableColumn, TableFilter } from "@/api/schema";
import { FilterForm } from "@/media/table/Filters";
import { Button, IconButton } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { Menu, type MenuItem } from "@/parts/Menu";
import { Popover } from "@/parts/Popover";
import { TextField } from "@/parts/TextField";
import { Choice, Toggle } from "@/parts/Toggle";
import type { RowHeight, TableSettings } from "@/state/tables/settings";

export interface TableToolsProps {
  columns: readonly TableColumn[];
  settings: TableSettings;
  rowHeight: RowHeight;
  status: string;
  isBusy: boolean;
  downloads: readonly MenuItem[];
  /** Which column the filter form is open for: null for any, undefined when it is closed. */
  filterOf: string | null | undefined;
  onFilterOf: (column: string | null | undefined) => void;
  onChange: (change: Partial<TableSettings>) => void;
  /** More controls, such as the part of a table in parts. */
  children?: JSX.Element | null;
}

const SEARCH_WAIT_MS = 220;
const HEIGHTS = [
  { value: "small", label: "S", title: "Small rows" },
  { value: "medium", label: "M", title: "Medium rows" },
  { value: "large", label: "L", title: "Large rows" },
] as const;

export function TableTools(props: TableToolsProps): JSX.Element {
  const { columns, settings, onChange, filterOf, onFilterOf } = props;
  const filterButton = useRef<HTMLButtonElement>(null);
  const hidden = settings.hidden.filter((name) => columns.some((column) => column.name === name)).length;
  return (
    <div class="tv-tools">
      <SearchField search={settings.search} onSearch={(search) => onChange({ search })} />
      <Button
        buttonRef={filterButton}
        look="plain"
        label="Filter rows"
        isExpanded={filterOf !== undefined}
        isPressed={settings.filters.length > 0}
        onClick={() => onFilterOf(filterOf === undefined ? null : undefined)}
      >
        <span class="tv-label">Filter</span>
        {settings.filters.length > 0 ? ` ${settings.filters.length}` : ""}
      </Button>
      {filterOf !== undefined && (
        <Popover anchor={filterButton} label="Filter rows" onClose={() => onFilterOf(undefined)}>
          <FilterForm
            columns={columns}
            column={filterOf}
            onAdd={(filter: TableFilter) => {
              onChange({ filters: [...settings.filters, filter] });
              onFilterOf(undefined);
            }}
          />
        </Popover>
      )}
      <ColumnsButton
        columns={columns}
        hidden={settings.hidden}
        text={hidden > 0 ? `${columns.length - hidden} of ${columns.length}` : ""}
        onHidden={(names) => onChange({ hidden: names })}
      />
      <Choice label="Row height" value={props.rowHeight} options={HEIGHTS} onChange={(rowHeight) => onChange({ rowHeight })} />
      {props.children}
      <span class="tv-status" role="status" aria-busy={props.isBusy} title={props.status}>
        {props.status}
      </span>
      <Menu label="Save the table" icon="download" align="end" items={props.downloads} />
    </div>
  );
}

function SearchField({ search, onSearch }: { search: string; onSearch: (text: string) => void }): JSX.Element {
  const draft = useSignal<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const commit = (text: string): void => {
    clearTimeout(timer.current);
    draft.value = null;
    if (text !== search) onSearch(text);
  };
  return (
    <div class="tv-search">
      <TextField
        label="Search rows"
        placeholder="Search rows"
        icon="search"
        hasClear
        value={draft.value ?? search}
        onInput={(text) => {
          draft.value = text;
          clearTimeout(timer.current);
          timer.current = setTimeout(() => commit(text), text === "" ? 0 : SEARCH_WAIT_MS);
        }}
        onCommit={commit}
      />
    </div>
  );
}

function ColumnsButton({
  columns,
  hidden,
  text,
  onHidden,
}: {
  columns: readonly TableColumn[];
  hidden: readonly string[];
  text: string;
  onHidden: (names: string[]) => void;
}): JSX.Element {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <Button
        buttonRef={button}
        look="plain"
        label="Show and hide columns"
        isExpanded={isOpen.value}
        isPressed={text !== ""}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <span class="tv-label">Columns</span>
        {text && ` ${text}`}
      </Button>
      {isOpen.value && (
        <Popover anchor={button} label="Columns" onClose={() => (isOpen.value = false)}>
          <ColumnsPicker columns={columns} hidden={hidden} onHidden={onHidden} />
        </Popover>
      )}
    </>
  );
}

function ColumnsPicker({
  columns,
  hidden,
  onHidden,
}: {
  columns: readonly TableColumn[];
  hidden: readonly string[];
  onHidden: (names: string[]) => void;
}): JSX.Element {
  const wanted = useSignal("");
  const words = wanted.value.trim().toLowerCase();
  const found = columns.filter((column) => column.name.toLowerCase().includes(words));
  const names = found.map((column) => column.name);
  return (
    <div class="tv-picker">
      <TextField
        label="Search columns"
        placeholder="Search columns"
        icon="search"
        hasClear
        value={wanted.value}
        onInput={(text) => (wanted.value = text)}
      />
      <div class="tv-picker-list">
        {found.map((column) => (
          <Toggle
            key={column.name}
            label={
              <span class="tv-picker-row">
                <span class="truncate">{column.name === "" ? "(no name)" : column.name}</span> <span class="tv-type">{column.type}</span>
              </span>
            }
            isOn={!hidden.includes(column.name)}
            onChange={(isOn) => onHidden(isOn ? hidden.filter((name) => name !== column.name) : [...hidden, column.name])}
          />
        ))}
        {found.length === 0 && <p class="tv-note">No column is called like that.</p>}
      </div>
      <div class="tv-picker-foot">
        <Button look="plain" onClick={() => onHidden(hidden.filter((name) => !names.includes(name)))}>
          {words ? "Show these" : "Show all"}
        </Button>
        <Button look="plain" onClick={() => onHidden([...new Set([...hidden, ...names])])}>
          {words ? "Hide these" : "Hide all"}
        </Button>
      </div>
    </div>
  );
}

/** A strip above the rows: something is amiss, though there are rows to look at. */
export function TableProblem({ text, onRetry }: { text: string; onRetry: () => void }): JSX.Element {
  return (
    <div class="tv-problem" role="alert">
      <Icon name="warning" size={13} />
      <span class="truncate" title={text}>{text}</span>
      <IconButton icon="reset" size={13} label="Try again" onClick={onRetry} />
    </div>
  );
}
