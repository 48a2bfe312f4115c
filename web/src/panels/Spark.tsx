import type { JSX } from "preact";
import type { SparkLine } from "@/state/metrics/sparks";
import { useScope } from "@/state/scope";

const WIDTH = 38;
const HEIGHT = 16;

/** The course of one metric, the size of a word. */
export function Spark({ uid, color, isDim }: { uid: number; color: string; isDim: boolean }): JSX.Element {
  const { sparkOf } = useScope().sparks;
  const line = sparkOf(uid);
  return (
    <svg
      class={`rail-spark${isDim ? " rail-spark-dim" : ""}`}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      {line && <polyline points={pointsOf(line)} style={{ stroke: color }} />}
    </svg>
  );
}

function pointsOf({ x, y }: SparkLine): string {
  const finite = [...y.keys()].filter((index) => Number.isFinite(y[index]) && Number.isFinite(x[index]));
  const ys = finite.map((index) => y[index] ?? 0);
  const xs = finite.map((index) => x[index] ?? 0);
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const across = (value: number): number => 1 + ((value - first) / (last - first || 1)) * (WIDTH - 2);
  const down = (value: number): number => (high > low ? HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4) : HEIGHT / 2);
  return ys.map((value, index) => `${across(xs[index] ?? 0).toFixed(1)},${down(value).toFixed(1)}`).join(" ");
}
