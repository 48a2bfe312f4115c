/** The plotly kind for the rest of the UI. */
import type { PlotlyRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { FigureFrame } from "@/media/figure/FigureFrame";
import { FigureStill } from "@/media/figure/FigureStill";
import { fetchText } from "@/media/figure/texts";
import type { CardProps, View } from "@/media/view";

const LIMIT_SECS = 20;

function PlotlyCard({ record, size, box }: CardProps<PlotlyRecord>) {
  const name = record.title ?? record.caption ?? `${(record.traces ?? []).join(", ") || "empty"} figure`;
  const figure = {
    frame: "plotly",
    figureKey: record.blob.sha256,
    load: () => fetchText(record.blob),
    sizeBytes: record.blob.size_bytes,
    limitSecs: LIMIT_SECS,
  } as const;
  if (size === "thumb") return <FigureStill {...figure} name={name} box={box} />;
  return (
    <FigureFrame
      {...figure}
      title={`Plotly figure: ${name}`}
      fileName={name}
    />
  );
}

export const PLOTLY_VIEW: View<PlotlyRecord> = {
  name: "Plotly figure",
  Card: PlotlyCard,
  aspect: () => null,
  tile: { width: 480, height: 340 },
  facts: (record) => [
    ...(record.title ? [{ name: "title", value: record.title }] : []),
    { name: "traces", value: (record.traces ?? []).join(", ") || "none" },
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: "figure.plotly.json" }),
};
