/** One histogram as bars: in the summary, in tables, as a tile. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { HistogramRecord } from "@/api/schema";
import { formatReading } from "@/lib/text/axisFormat";
import { Plot } from "@/media/histogram/Plot";
import { binAt, largestCount, quantile, spanOf, totalOf } from "@/media/histogram/maths";
import { frameOf, paintBars, valueFromX } from "@/media/histogram/paint";
import type { CardProps, Fact } from "@/media/view";
import { Tooltip } from "@/parts/Tooltip";
import "@/media/histogram/histogram.css";

const HEIGHTS = { thumb: 44, cell: 140, full: 420 };

export function HistogramCard({ record, size, box }: CardProps<HistogramRecord>): JSX.Element {
  const [hover, setHover] = useState<{ bin: number; clientX: number; clientY: number } | null>(null);
  const span = spanOf([record]);
  const height = box?.height ?? HEIGHTS[size];
  if (!span || record.values.length === 0) return <div class="histogram-empty">no bins</div>;
  const hasAxes = size !== "thumb" && height >= 90;
  const frame = (width: number): ReturnType<typeof frameOf> =>
    hasAxes ? frameOf(width, height) : { left: 0, top: 2, width, height: height - 3 };
  return (
    <div class={`histogram-card histogram-${size}`}>
      <Plot
        label={describe(record)}
        height={height}
        paint={(context, width, _height, ink) =>
          paintBars(
            context,
            frame(width),
            [{ histogram: record, color: ink.accent }],
            span,
            largestCount([record]),
            ink,
            hover?.bin ?? -1,
            hasAxes,
          )
        }
        onHover={(at) => {
          const bin = at ? binAt(record, valueFromX(frame(at.width), span, at.x)) : -1;
          setHover(at && bin >= 0 ? { bin, clientX: at.clientX, clientY: at.clientY } : null);
        }}
      />
      {hover && (
        <Tooltip x={hover.clientX} y={hover.clientY}>
          <BinText histogram={record} bin={hover.bin} />
        </Tooltip>
      )}
    </div>
  );
}

/** "0.25 to 0.5: 41 of 1,000 (4.1 %)" */
export function BinText({ histogram, bin }: { histogram: Pick<HistogramRecord, "bins" | "values">; bin: number }): JSX.Element {
  const count = histogram.values[bin] ?? 0;
  const total = totalOf(histogram);
  return (
    <div class="bin-text">
      <div>
        {formatReading(histogram.bins[bin] ?? NaN)} … {formatReading(histogram.bins[bin + 1] ?? NaN)}
      </div>
      <div>
        <b>{formatReading(count)}</b> of {formatReading(total)}
        {total > 0 ? ` (${formatReading(Number(((count / total) * 100).toPrecision(3)))} %)` : ""}
      </div>
    </div>
  );
}

export function describe(record: HistogramRecord): string {
  const middle = quantile(record, 0.5);
  const median = middle === null ? "" : `, median ${formatReading(middle)}`;
  return `histogram of ${formatReading(totalOf(record))} values in ${record.values.length} bins${median}`;
}

export function histogramFacts(record: HistogramRecord): Fact[] {
  const quantiles = [0.05, 0.5, 0.95].map((share) => quantile(record, share));
  return [
    { name: "values", value: formatReading(totalOf(record)) },
    {
      name: "bins",
      value: `${record.values.length} from ${formatReading(record.bins[0] ?? NaN)} to ${formatReading(record.bins.at(-1) ?? NaN)}`,
    },
    {
      name: "5 · 50 · 95 %",
      value: quantiles.map((value) => (value === null ? "–" : formatReading(value))).join(" · "),
      title: "Values below which 5, 50 and 95 % lie (straight lines inside bins)",
    },
    ...(record.non_finite
      ? [{ name: "not finite", value: `${formatReading(record.non_finite)} NaN or infinite values were left out` }]
      : []),
  ];
}
