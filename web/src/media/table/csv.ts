/** A table as CSV: the rows that match, in their order, the columns that are shown, every digit. */
import { apiErrorFrom } from "@/api/errors";
import { safeFileName, saveText } from "@/lib/browser/saving";
import { csvField } from "@/lib/text/csv";
import { formatCount } from "@/lib/text/format";
import { cellExact, isCut } from "@/media/table/cells";
import type { Lane } from "@/media/table/geometry";
import type { TableQuery, TableRow, TableRef } from "@/state/tables/pages";
import { showToast } from "@/state/page/toasts";
import type { Scope } from "@/state/scope";

const TELL_FROM_ROWS = 5_000;

export function csvText(columns: readonly Pick<Lane, "column" | "at">[], rows: readonly TableRow[]): string {
  const line = (fields: readonly string[]): string => fields.join(",");
  const lines = [line(columns.map(({ column }) => csvField(column.name)))];
  for (const { cells } of rows) {
    lines.push(line(columns.map(({ at }) => {
      const value = cells[at];
      const text = cellExact(value);
      return typeof value === "number" || (typeof value === "object" && value !== null && "_number" in value) ? text : csvField(text);
    })));
  }
  return `${lines.join("\r\n")}\r\n`;
}

export async function saveCsv(scope: Scope, {
  table,
  query,
  columns,
  name,
}: {
  table: TableRef;
  query: TableQuery;
  columns: readonly Lane[];
  name: string;
}): Promise<void> {
  const { allRows } = scope.tablePages;
  try {
    let isTold = false;
    const rows = await allRows(table, query, (count, matched) => {
      if (!isTold && matched > TELL_FROM_ROWS && count < matched) {
        showToast(`Reading ${matched.toLocaleString("en-US")} rows for the file…`);
        isTold = true;
      }
      return true;
    });
    if (!rows) return;
    saveText(`${safeFileName(name)}.csv`, csvText(columns, rows), "text/csv");
    const cut = rows.reduce((sum, row) => sum + columns.filter(({ at }) => isCut(row.cells[at])).length, 0);
    if (cut > 0) {
      showToast(`${formatCount(cut, "cell")} of the file ${cut === 1 ? "is" : "are"} cut: too long for CSV.`, {
        tone: "error",
        hint: "The Parquet file has everything.",
      });
    }
  } catch (thrown) {
    const error = apiErrorFrom(thrown);
    showToast(`The table could not be saved: ${error.message}`, { tone: "error", hint: error.hint });
  }
}
