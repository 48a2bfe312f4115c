/** Conditions on columns: the form for a new one, and the chips of those that hold. */
import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import type { TableColumn, TableFilter } from "@/api/schema";
import { WORDS, filterFrom, filterText, opsOf } from "@/media/table/filterForm";
import { Button, IconButton } from "@/parts/Button";
import { TextField } from "@/parts/TextField";
import { Select } from "@/parts/Toggle";

export function FilterForm({
  columns,
  column: chosen,
  onAdd,
}: {
  columns: readonly TableColumn[];
  column: string | null;
  onAdd: (filter: TableFilter) => void;
}): JSX.Element {
  const name = useSignal(chosen ?? columns[0]?.name ?? "");
  const op = useSignal<TableFilter["op"] | null>(null);
  const text = useSignal("");
  const error = useSignal<string | undefined>(undefined);
  const column = columns.find((one) => one.name === name.value) ?? columns[0];
  if (!column) return <p class="tv-note">The table has no columns.</p>;
  const ops = opsOf(column);
  const now = op.value !== null && ops.includes(op.value) ? op.value : (ops[0] ?? "is_null");
  const hasValue = now !== "is_null" && now !== "is_not_null";
  const add = (): void => {
    const filter = filterFrom(column, now, column.type === "boolean" && text.value === "" ? "true" : text.value);
    if (typeof filter === "string") error.value = filter;
    else onAdd(filter);
  };
  return (
    <form
      class="tv-form"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <Select
        label="Column"
        value={column.name}
        options={columns.map((one) => ({ value: one.name, label: one.name === "" ? "(no name)" : one.name }))}
        onChange={(value) => (name.value = value)}
      />
      <Select
        label="Condition"
        value={now}
        options={ops.map((value) => ({ value, label: WORDS[value] }))}
        onChange={(value) => (op.value = value)}
      />
      {hasValue &&
        (column.type === "boolean" ? (
          <Select
            label="Value"
            value={text.value === "false" ? "false" : "true"}
            options={[
              { value: "true", label: "true" },
              { value: "false", label: "false" },
            ]}
            onChange={(value) => (text.value = value)}
          />
        ) : (
          <TextField
            label="Value"
            placeholder={column.type === "timestamp" ? "2024-12-31 23:59:59" : column.type === "date" ? "2024-12-31" : ""}
            value={text.value}
            error={error.value}
            onInput={(value) => {
              text.value = value;
              error.value = undefined;
            }}
          />
        ))}
      <Button type="submit" look="accent">
        Add
      </Button>
    </form>
  );
}

export function FilterChips({
  filters,
  columns,
  onChange,
}: {
  filters: readonly TableFilter[];
  columns: readonly TableColumn[];
  onChange: (filters: TableFilter[]) => void;
}): JSX.Element {
  return (
    <div class="tv-chips" role="list" aria-label="Filters">
      {filters.map((filter, at) => {
        const isUsed = columns.some((column) => column.name === filter.column);
        return (
          <span
            key={at}
            class={`tv-chip${isUsed ? "" : " tv-chip-off"}`}
            role="listitem"
            title={isUsed ? undefined : "This table has no such column: the filter does nothing here"}
          >
            <span class="truncate">{filterText(filter)}</span>
            <IconButton
              icon="close"
              size={11}
              label={`Remove the filter ${filterText(filter)}`}
              onClick={() => onChange(filters.filter((_, other) => other !== at))}
            />
          </span>
        );
      })}
    </div>
  );
}
