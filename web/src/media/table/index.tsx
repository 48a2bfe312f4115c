/** The table kind for the rest of the UI. */
import type { JSX } from "preact";
import type { TableRecord } from "@/api/schema";
import { formatBytes, formatCount } from "@/lib/text/format";
import { LazyTable } from "@/media/table/LazyTable";
import { TableChip } from "@/media/table/TableChip";
import { tableHeight } from "@/media/table/height";
import type { CardProps, Fact, View } from "@/media/view";

const MODES: Readonly<Record<string, string>> = {
  IMMUTABLE: "logged as a whole",
  MUTABLE: "logged anew when it changed",
  INCREMENTAL: "grows with the steps: rows are added",
};

function TableCard({ record, size, box, shown }: CardProps<TableRecord>): JSX.Element {
  const isGrowing = record.log_mode === "INCREMENTAL" && shown !== undefined;
  if (size === "thumb") {
    const isPart = record.log_mode === "INCREMENTAL";
    const text = `${isPart ? "+" : ""}${record.row_count.toLocaleString("en-US")} × ${record.columns.length}`;
    const what = isPart ? "The rows that were added last to a growing table" : "A table";
    const extent = `${formatCount(record.row_count, "row")} and ${formatCount(record.columns.length, "column")}`;
    return <TableChip record={record} text={text} title={`${what} of ${extent}`} />;
  }
  return (
    <LazyTable
      table={isGrowing ? { run: shown.run, key: shown.key, step: shown.cell.step, index: shown.index } : { tables: [record.blob.sha256] }}
      identity={record.blob.sha256}
      columns={record.columns}
      rowCount={isGrowing ? null : record.row_count}
      size={size}
      localId={`table ${record.blob.sha256}`}
      files={[{ sha256: record.blob.sha256, label: record.log_mode === "INCREMENTAL" ? "the rows added at this step" : "all rows" }]}
      name={shown?.key ?? record.caption ?? "table"}
      {...(box ? { box } : {})}
      {...(shown ? { shown } : {})}
    />
  );
}

function tableFacts(record: TableRecord): Fact[] {
  const key = record.columns.filter((column) => column.is_key).map((column) => column.name);
  return [
    {
      name: "rows",
      value: record.row_count.toLocaleString("en-US"),
      ...(record.log_mode === "INCREMENTAL" ? { title: "Added at this step" } : {}),
    },
    {
      name: "columns",
      value: record.columns.length.toLocaleString("en-US"),
      title: record.columns.map((column) => `${column.name}: ${column.type}`).join("\n"),
    },
    ...(record.log_mode && record.log_mode !== "IMMUTABLE"
      ? [{ name: "mode", value: MODES[record.log_mode] ?? record.log_mode, title: record.log_mode }]
      : []),
    ...(record.increment !== null && record.increment !== undefined
      ? [{ name: "part", value: `${record.increment + 1}, from row ${(record.first_row ?? 0).toLocaleString("en-US")}` }]
      : []),
    ...(key.length > 0 ? [{ name: "key", value: key.join(", ") }] : []),
    { name: "file", value: `${formatBytes(record.blob.size_bytes)} Parquet`, title: `sha256 ${record.blob.sha256}` },
  ];
}

export const TABLE_VIEW: View<TableRecord> = {
  name: "table",
  Card: TableCard,
  aspect: () => null,
  tile: "fill",
  fillHeight: (record) => tableHeight(record.log_mode === "INCREMENTAL" ? Infinity : record.row_count, record.columns),
  facts: tableFacts,
  file: (record) => ({ sha256: record.blob.sha256, name: "table.parquet" }),
};
