/** A picture of more than 8 bits in the full view: which of its values are black and white, and how it goes between. */
import type { JSX } from "preact";
import type { ImageRecord } from "@/api/schema";
import { COLOR_MAPS } from "@/lib/image/tone";
import { formatBytes } from "@/lib/text/format";
import { gridOf, gridStatus } from "@/media/image/pictures";
import { Button } from "@/parts/Button";
import { Slider } from "@/parts/Slider";
import { Choice, Select } from "@/parts/Toggle";
import { DEFAULT_LOOK, EXPOSURE_LIMIT, GAMMA_LIMITS, formatLook, limitsOf, toneOf } from "@/state/media/imageLook";
import { useScope } from "@/state/scope";
import "@/panels/value-tools.css";

const STEPS = 400;
const DIGITS = 6;

export function ValueTools({ record }: { record: ImageRecord }): JSX.Element {
  const { changeLook, imageLook } = useScope().imageLook;
  const look = imageLook.value;
  const blob = gridOf(record);
  const tone = toneOf(record, look);
  const status = blob && tone ? gridStatus.value.get(blob.sha256) : undefined;
  const full = limitsOf(record);
  const [least, most] = full ?? [0, 65_535];
  const [low, high] = tone ? [tone.low, tone.high] : [least, most];
  const channels = record.original?.shape[2] ?? 1;
  const step = (most - least) / STEPS || 1;
  const isOwn = typeof look.range !== "string";
  const setLow = (value: number): void => changeLook({ range: [Math.min(value, high), high] });
  const setHigh = (value: number): void => changeLook({ range: [low, Math.max(value, low)] });
  const shareOf = (value: number): number => (most > least ? Math.min(100, Math.max(0, ((value - least) / (most - least)) * 100)) : 0);
  return (
    <div class="value-tools" role="group" aria-label="Value range">
      <Choice
        label="Which values are black and white"
        value={isOwn ? "own" : (look.range as "picture" | "full" | "middle")}
        options={[
          { value: "picture", label: "as logged", title: "The 8-bit picture that was made when it was logged" },
          { value: "full", label: "min–max", title: full ? `${text(least)} to ${text(most)}` : "From the least to the greatest value" },
          { value: "middle", label: "1–99 %", title: "From the 1st to the 99th percentile" },
          ...(isOwn ? [{ value: "own" as const, label: "own" }] : []),
        ]}
        onChange={(range) => {
          if (range !== "own") changeLook({ range });
        }}
      />
      <NumberField label="Value shown as black" value={low} isDimmed={!tone} onChange={setLow} />
      <div class="score-range value-range" style={{ "--low": `${shareOf(low)}%`, "--high": `${shareOf(high)}%` }}>
        <input
          type="range"
          aria-label="Black"
          min={least}
          max={most}
          step={step}
          value={low}
          onInput={(event) => setLow(event.currentTarget.valueAsNumber)}
        />
        <input
          type="range"
          aria-label="White"
          min={least}
          max={most}
          step={step}
          value={high}
          onInput={(event) => setHigh(event.currentTarget.valueAsNumber)}
        />
      </div>
      <NumberField label="Value shown as white" value={high} isDimmed={!tone} onChange={setHigh} />
      <label class="value-slider">
        <span>exposure</span>
        <Slider
          label="Exposure"
          value={look.exposure}
          min={-EXPOSURE_LIMIT}
          max={EXPOSURE_LIMIT}
          step={0.1}
          text={`${look.exposure > 0 ? "+" : ""}${look.exposure} stops`}
          onInput={(exposure) => changeLook({ exposure: round(exposure) })}
        />
      </label>
      <label class="value-slider">
        <span>gamma</span>
        <Slider
          label="Gamma"
          value={Math.log2(look.gamma)}
          min={Math.log2(GAMMA_LIMITS[0])}
          max={Math.log2(GAMMA_LIMITS[1])}
          step={0.05}
          text={String(look.gamma)}
          onInput={(power) => changeLook({ gamma: round(2 ** power) })}
        />
      </label>
      {channels < 3 && (
        <Select
          label="Colour map"
          value={look.map}
          options={COLOR_MAPS.map((value) => ({ value, label: value }))}
          onChange={(map) => changeLook({ map })}
        />
      )}
      {formatLook(look) !== formatLook(DEFAULT_LOOK) && (
        <Button look="plain" label="Show the picture as it was logged" onClick={() => (imageLook.value = DEFAULT_LOOK)}>Reset</Button>
      )}
      <span class={`value-status${status !== undefined && status !== "loading" ? " value-failed" : ""}`} role="status">
        {status === undefined
          ? ""
          : status === "loading" ? `loading ${formatBytes(blob?.size_bytes ?? 0)} of values; the picture as logged is shown` : status}
      </span>
    </div>
  );
}

function NumberField({
  label,
  value,
  isDimmed,
  onChange,
}: {
  label: string;
  value: number;
  isDimmed: boolean;
  onChange: (value: number) => void;
}): JSX.Element {
  return (
    <input
      class={`value-number${isDimmed ? " value-dimmed" : ""}`}
      type="text"
      inputMode="decimal"
      aria-label={label}
      title={label}
      value={text(value)}
      onChange={(event) => {
        const given = Number(event.currentTarget.value.replace("−", "-"));
        if (event.currentTarget.value.trim() !== "" && Number.isFinite(given)) onChange(given);
        else event.currentTarget.value = text(value);
      }}
    />
  );
}

function text(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
