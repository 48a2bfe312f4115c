/** A run's colour, and the way to choose another. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import "@/parts/color-dot.css";
import "@/parts/parts.css";

export interface ColorDotProps {
  color: string;
  /** Whose colour: "run baseline". */
  label: string;
  palette: readonly string[];
  isDim?: boolean;
  tabIndex?: number;
  /** null: back to the one from the palette. */
  onChange: (color: string | null) => void;
}

export function ColorDot(props: ColorDotProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const choose = (color: string | null): void => {
    props.onChange(color);
    setOpen(false);
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`color-dot${props.isDim ? " color-dim" : ""}`}
        aria-label={`Colour of ${props.label}`}
        title="Change colour"
        aria-expanded={isOpen}
        tabIndex={props.tabIndex}
        onClick={(event) => {
          event.stopPropagation();
          setOpen(!isOpen);
        }}
      >
        <span class="dot" style={{ background: props.color }} />
      </button>
      {isOpen && (
        <Popover anchor={button} label={`Colour of ${props.label}`} onClose={() => setOpen(false)}>
          <div class="color-choice" onClick={(event) => event.stopPropagation()}>
            <div class="color-grid">
              {props.palette.map((color) => (
                <button
                  key={color}
                  type="button"
                  class="color-swatch"
                  aria-label={color}
                  aria-pressed={color === props.color}
                  style={{ background: color }}
                  onClick={() => choose(color)}
                />
              ))}
            </div>
            <div class="color-more">
              <label>
                Other <input type="color" value={props.color} onChange={(event) => choose(event.currentTarget.value)} />
              </label>
              <Button look="plain" onClick={() => choose(null)}>Reset</Button>
            </div>
          </div>
        </Popover>
      )}
    </>
  );
}
