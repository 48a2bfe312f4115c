/** The chart kind for the rest of the UI. */
import type { ChartRecord } from "@/api/schema";
import { formatNumber } from "@/lib/text/format";
import { ChartCard, titleOf } from "@/media/chart/ChartCard";
import type { View } from "@/media/view";

export const CHART_VIEW: View<ChartRecord> = {
  name: "chart",
  Card: ChartCard,
  aspect: () => null,
  tile: { width: 480, height: 320 },
  facts: (record) => [
    { name: "title", value: titleOf(record) },
    { name: "preset", value: record.preset },
    { name: "rows", value: formatNumber(record.table.row_count) },
    ...Object.entries(record.fields ?? {}).map(([name, column]) => ({ name, value: column, title: "The table's column" })),
    ...Object.entries(record.areas ?? {}).map(([name, area]) => ({
      name: `area of ${name}`,
      value: area.toFixed(4),
      title: "Computed from all points before they were rounded",
    })),
  ],
  file: (record) => ({ sha256: record.table.blob.sha256, name: "table.parquet" }),
};
