/** A metric that was logged once: a bar for each run. */
import type { JSX } from "preact";
import { formatPosition, formatReading, formatShort } from "@/lib/text/axisFormat";
import type { Reading } from "@/charts/model";
import { MiddleText } from "@/parts/MiddleText";
import { useScope } from "@/state/scope";
import "@/panels/chart.css";

/** `readings`: one of each run. `axis` names the place that they stand at. */
export function SingleValues({ readings, axis }: { readings: readonly Reading[]; axis: string }): JSX.Element {
  const { hoveredRun, labelOf, runColor, runOf } = useScope().runs;
  const finite = readings.map((reading) => reading.value).filter(Number.isFinite);
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  const place = (value: number): number => (high > low ? ((value - low) / (high - low)) * 100 : 0);
  return (
    <ul class="bars" aria-label="A value for each run" tabIndex={0}>
      {readings.map(({ run: uid, value, x, name }) => {
        const run = runOf(uid);
        const label = name ?? (run ? labelOf(run) : `run ${uid}`);
        const from = Number.isFinite(value) ? Math.min(place(0), place(value)) : 0;
        const width = Number.isFinite(value) ? Math.abs(place(value) - place(0)) : 0;
        return (
          <li
            key={uid}
            class="bars-row"
            title={`${label}\n${formatReading(value)} at ${axis} ${formatPosition(axis, x)}`}
            onPointerEnter={() => (hoveredRun.value = uid)}
            onPointerLeave={() => (hoveredRun.value = null)}
          >
            <span class="bars-name"><MiddleText text={label} /></span>
            <span class="bars-value">{formatShort(value)}</span>
            <span class="bars-track">
              <span class="bars-bar" style={{ left: `${from}%`, width: `${width}%`, background: runColor(uid) }} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}
