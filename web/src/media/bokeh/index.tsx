/** The bokeh kind for the rest of the UI. */
import type { BokehRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { FigureFrame } from "@/media/figure/FigureFrame";
import { FigureStill } from "@/media/figure/FigureStill";
import { fetchText } from "@/media/figure/texts";
import type { CardProps, View } from "@/media/view";

const LIMIT_SECS = 20;

function BokehCard({ record, size, box }: CardProps<BokehRecord>) {
  const name = record.title ?? record.caption ?? "Bokeh document";
  const figure = {
    frame: "bokeh",
    figureKey: record.blob.sha256,
    load: () => fetchText(record.blob),
    sizeBytes: record.blob.size_bytes,
    limitSecs: LIMIT_SECS,
  } as const;
  if (size === "thumb") return <FigureStill {...figure} name={name} box={box} />;
  return (
    <FigureFrame
      {...figure}
      title={`Bokeh figure: ${name}`}
      fileName={name}
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
