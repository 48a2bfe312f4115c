/** The partitioned table kind for the rest of the UI: its parts one after another, or one of them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { PartitionedTableRecord } from "@/api/schema";
import { formatBytes, formatCount } from "@/lib/text/format";
import { LazyTable } from "@/media/table/LazyTable";
import { TableChip } from "@/media/table/TableChip";
import { tableHeight } from "@/media/table/height";
import type { CardProps, Fact, View } from "@/media/view";
import { Select } from "@/parts/Toggle";

const FILES_LISTED = 20;

function rowsOf(record: PartitionedTableRecord): number {
  return record.parts.reduce((sum, part) => sum + part.row_count, 0);
}

function PartitionedCard({ record, size, box, shown }: CardProps<PartitionedTableRecord>): JSX.Element {
  const chosen = useSignal("all");
  const rows = rowsOf(record);
  if (size === "thumb") {
    return (
      <TableChip
        record={record}
        text={`${rows.toLocaleString("en-US")} rows in ${formatCount(record.parts.length, "part")}`}
        title="A table in parts"
      />
    );
  }
  const nameOf = (at: number): string => record.names?.[at] ?? `part ${at + 1}`;
  const only = chosen.value === "all" ? undefined : record.parts[Number(chosen.value)];
  const parts = only ? [only] : record.parts;
  const options = [
    { value: "all", label: `all ${formatCount(record.parts.length, "part")}` },
    ...record.parts.map((part, at) => ({ value: String(at), label: `${nameOf(at)} (${formatCount(part.row_count, "row")})` })),
  ];
  return (
    <LazyTable
      table={{ tables: parts.map((part) => part.blob.sha256) }}
      identity=""
      columns={record.parts[0]?.columns ?? []}
      rowCount={only?.row_count ?? rows}
      size={size}
      localId={`parts ${record.parts.map((part) => part.blob.sha256.slice(0, 12)).join(" ")}`}
      files={(only
        ? [{ sha256: only.blob.sha256, label: nameOf(Number(chosen.value)) }]
        : record.parts.map((part, at) => ({ sha256: part.blob.sha256, label: nameOf(at) }))
      ).slice(0, FILES_LISTED)}
      name={shown?.key ?? record.caption ?? "table"}
      tools={
        <div class="tv-part">
          <Select label="Part of the table" value={chosen.value} options={options} onChange={(value) => (chosen.value = value)} />
        </div>
      }
      {...(box ? { box } : {})}
      {...(shown ? { shown } : {})}
    />
  );
}

function partitionedFacts(record: PartitionedTableRecord): Fact[] {
  const names = record.names ?? [];
  return [
    { name: "rows", value: rowsOf(record).toLocaleString("en-US") },
    { name: "columns", value: (record.parts[0]?.columns.length ?? 0).toLocaleString("en-US") },
    { name: "parts", value: record.parts.length.toLocaleString("en-US"), title: names.join("\n") },
    { name: "files", value: formatBytes(record.parts.reduce((sum, part) => sum + part.blob.size_bytes, 0)) },
  ];
}

export const PARTITIONED_TABLE_VIEW: View<PartitionedTableRecord> = {
  name: "partitioned table",
  Card: PartitionedCard,
  aspect: () => null,
  tile: "fill",
  fillHeight: (record) => tableHeight(rowsOf(record), record.parts[0]?.columns ?? []),
  facts: partitionedFacts,
};
