/** The vega kind for the rest of the UI. */
import type { VegaRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { FigureFrame } from "@/media/figure/FigureFrame";
import { FigureStill } from "@/media/figure/FigureStill";
import { fetchText } from "@/media/figure/texts";
import type { CardProps, View } from "@/media/view";

/** A specification is small and its data lie in it: what takes longer does not end, or should be told. */
export const VEGA_LIMIT_SECS = 5;

function VegaCard({ record, size, box }: CardProps<VegaRecord>) {
  const name = record.title ?? record.caption ?? "Vega chart";
  const figure = {
    frame: "vega",
    figureKey: record.blob.sha256,
    load: () => fetchText(record.blob),
    sizeBytes: record.blob.size_bytes,
    limitSecs: VEGA_LIMIT_SECS,
    mode: record.mode ?? "vega-lite",
  } as const;
  if (size === "thumb") return <FigureStill {...figure} name={name} box={box} />;
  return (
    <FigureFrame
      {...figure}
      title={`Vega chart: ${name}`}
      fileName={name}
    />
  );
}

export const VEGA_VIEW: View<VegaRecord> = {
  name: "Vega chart",
  Card: VegaCard,
  aspect: () => null,
  tile: { width: 480, height: 320 },
  facts: (record) => [
    ...(record.title ? [{ name: "title", value: record.title }] : []),
    { name: "language", value: record.mode === "vega" ? "Vega" : "Vega-Lite" },
    ...(record.outside?.length
      ? [{ name: "not loaded", value: record.outside.join(", "), title: "Data must be inside the specification" }]
      : []),
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: record.mode === "vega" ? "chart.vg.json" : "chart.vl.json" }),
};
