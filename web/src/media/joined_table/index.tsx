/** The joined table kind for the rest of the UI: two tables, seen as one. */
import type { JSX } from "preact";
import type { JoinedTableRecord } from "@/api/schema";
import { LazyTable } from "@/media/table/LazyTable";
import { TableChip } from "@/media/table/TableChip";
import { tableHeight } from "@/media/table/height";
import type { CardProps, Fact, View } from "@/media/view";

function JoinedCard({ record, size, box, shown }: CardProps<JoinedTableRecord>): JSX.Element {
  const { left, right, join_key: key } = record;
  if (size === "thumb") {
    const text = `${left.row_count.toLocaleString("en-US")} ⋈ ${right.row_count.toLocaleString("en-US")} rows`;
    return <TableChip record={record} text={text} title={`Two tables, joined where ${key.join(" = ")}`} />;
  }
  return (
    <LazyTable
      table={{ tables: [left.blob.sha256], join: { tables: [right.blob.sha256], left: key[0], right: key[1] } }}
      identity=""
      columns={[]}
      rowCount={null}
      size={size}
      localId={`joined ${left.blob.sha256} ${right.blob.sha256}`}
      files={[{ sha256: left.blob.sha256, label: "the left table" }, { sha256: right.blob.sha256, label: "the right table" }]}
      name={shown?.key ?? record.caption ?? "joined table"}
      {...(box ? { box } : {})}
      {...(shown ? { shown } : {})}
    />
  );
}

function joinedFacts({ left, right, join_key: key }: JoinedTableRecord): Fact[] {
  const size = (rows: number, columns: number): string => `${rows.toLocaleString("en-US")} rows × ${columns} columns`;
  return [
    { name: "left", value: size(left.row_count, left.columns.length) },
    { name: "right", value: size(right.row_count, right.columns.length) },
    { name: "joined where", value: `${key[0]} = ${key[1]}` },
  ];
}

export const JOINED_TABLE_VIEW: View<JoinedTableRecord> = {
  name: "joined table",
  Card: JoinedCard,
  aspect: () => null,
  tile: "fill",
  fillHeight: ({ left, right }) => tableHeight(left.row_count + right.row_count, [...left.columns, ...right.columns]),
  facts: joinedFacts,
};
