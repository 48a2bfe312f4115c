/** The bokeh kind for the rest of the UI. */
import type { BokehRecord } from "@/api/schema";
import { FigureFrame, FigureThumb } from "@/media/figure/FigureFrame";
import { fetchText } from "@/media/figure/texts";
import type { CardProps, View } from "@/media/view";
import { formatBytes } from "@/parts/format";

const LIMIT_SECS = 20;

function BokehCard({ record, size }: CardProps<BokehRecord>) {
  const name = record.title ?? record.caption ?? "Bokeh document";
  if (size === "thumb") return <FigureThumb icon="chart" text={name} />;
  return (
    <FigureFrame
      frame="bokeh"
      figureKey={record.blob.sha256}
      load={() => fetchText(record.blob)}
      sizeBytes={record.blob.size_bytes}
      title={`Bokeh figure: ${name}`}
      fileName={name}
      limitSecs={LIMIT_SECS}
    />
  );
}

export const BOKEH_VIEW: View<BokehRecord> = {
  name: "Bokeh figure",
  Card: BokehCard,
  aspect: () => null,
  tile: { width: 480, height: 340 },
  facts: (record) => [
    ...(record.title ? [{ name: "title", value: record.title }] : []),
    { name: "Bokeh", value: record.version ?? "unknown version" },
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: "figure.bokeh.json" }),
};
