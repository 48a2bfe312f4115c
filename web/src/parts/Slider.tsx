import type { JSX } from "preact";
import "@/parts/parts.css";

export interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  /** The value as people read it, for screen readers and the tooltip. */
  text?: string;
  isDisabled?: boolean;
  onInput: (value: number) => void;
  /** The drag has ended. */
  onChange?: (value: number) => void;
}

/** A native range input: keyboard, touch and screen readers come for free. */
export function Slider(props: SliderProps): JSX.Element {
  const share = props.max > props.min ? (props.value - props.min) / (props.max - props.min) : 0;
  return (
    <input
      class="slider"
      type="range"
      aria-label={props.label}
      aria-valuetext={props.text}
      title={props.text === undefined ? props.label : `${props.label}: ${props.text}`}
      min={props.min}
      max={props.max}
      step={props.step ?? "any"}
      value={props.value}
      disabled={props.isDisabled}
      style={{ "--share": `${Math.min(1, Math.max(0, share)) * 100}%` }}
      onInput={(event) => props.onInput(event.currentTarget.valueAsNumber)}
      onChange={(event) => props.onChange?.(event.currentTarget.valueAsNumber)}
    />
  );
}
