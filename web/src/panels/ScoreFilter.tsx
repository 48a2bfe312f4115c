/** The scores of a layer on the whole page as a histogram, with a handle at each end: what lies outside is not drawn. */
import type { JSX } from "preact";
import { type ScoreRange, type ScoreStats, shortScore } from "@/lib/image/boxes";
import { type ShapeKind, withScores } from "@/lib/image/overlayState";
import { IconButton } from "@/parts/Button";
import { useScope } from "@/state/scope";

const STEPS = 200;

export function ScoreFilter({
  kind,
  layer,
  stats,
  range,
}: {
  kind: ShapeKind;
  layer: string;
  stats: ScoreStats;
  range: ScoreRange;
}): JSX.Element {
  const { changeOverlays } = useScope().overlays;
  const low = range[0] ?? stats.min;
  const high = range[1] ?? stats.max;
  const step = (stats.max - stats.min) / STEPS;
  const set = (next: ScoreRange): void => changeOverlays((state) => withScores(state, layer, stats.name, next, kind));
  // A handle at its end means "no limit", so that boxes of other tiles beyond it are not lost.
  const setLow = (value: number): void => set([value <= stats.min + step / 2 ? null : Math.min(value, high), range[1]]);
  const setHigh = (value: number): void => set([range[0], value >= stats.max - step / 2 ? null : Math.max(value, low)]);
  const shareOf = (value: number): number => ((value - stats.min) / (stats.max - stats.min)) * 100;
  const largest = Math.max(...stats.bins, 1);
  const isOpen = range[0] === null && range[1] === null;
  return (
    <div class="score">
      <div class="score-head">
        <span class="truncate" title={stats.name}>
          {stats.name}
        </span>
        <span class="layer-note">{scoreText(range)}</span>
        {!isOpen && <IconButton icon="close" size={12} label={`Show all ${stats.name}`} onClick={() => set([null, null])} />}
      </div>
      <div class="score-bars" aria-hidden="true">
        {stats.bins.map((count, at) => {
          const middle = stats.min + ((at + 0.5) / stats.bins.length) * (stats.max - stats.min);
          const isIn = middle >= low && middle <= high;
          return (
            <span
              key={at}
              class={isIn ? "score-in" : ""}
              style={{ height: `${count > 0 ? Math.max(6, (count / largest) * 100) : 0}%` }}
              title={`${count}`}
            />
          );
        })}
      </div>
      <div class="score-range" style={{ "--low": `${shareOf(low)}%`, "--high": `${shareOf(high)}%` }}>
        <input
          type="range"
          aria-label={`Least ${stats.name} of ${layer}`}
          min={stats.min}
          max={stats.max}
          step={step}
          value={low}
          onInput={(event) => setLow(event.currentTarget.valueAsNumber)}
        />
        <input
          type="range"
          aria-label={`Most ${stats.name} of ${layer}`}
          min={stats.min}
          max={stats.max}
          step={step}
          value={high}
          onInput={(event) => setHigh(event.currentTarget.valueAsNumber)}
        />
      </div>
    </div>
  );
}

function scoreText([min, max]: ScoreRange): string {
  if (min !== null && max !== null) return `${shortScore(min)} to ${shortScore(max)}`;
  if (min !== null) return `≥ ${shortScore(min)}`;
  return max !== null ? `≤ ${shortScore(max)}` : "all";
}
