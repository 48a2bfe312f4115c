/** Buttons: `Button` with a text, `IconButton` with only an icon (its label is the tooltip and the accessible name). */
import type { ComponentChildren, JSX, Ref, TargetedMouseEvent } from "preact";
import { Icon, type IconName } from "@/parts/Icon";
import { Keys } from "@/parts/Keys";
import "@/parts/parts.css";

export interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  /** "plain" has no border until it is hovered. */
  look?: "normal" | "plain" | "accent" | "danger";
  /** Shown as a keycap behind the text. */
  keys?: string;
  label?: string;
  isPressed?: boolean;
  isDisabled?: boolean;
  hasMenu?: boolean;
  isExpanded?: boolean;
  type?: "button" | "submit";
  buttonRef?: Ref<HTMLButtonElement>;
  onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function Button(props: ButtonProps): JSX.Element {
  const { look = "normal", icon, keys, label } = props;
  return (
    <button
      ref={props.buttonRef ?? null}
      type={props.type ?? "button"}
      class={`button button-${look}`}
      title={label}
      aria-label={label}
      aria-pressed={props.isPressed}
      aria-haspopup={props.hasMenu ? "menu" : undefined}
      aria-expanded={props.isExpanded}
      disabled={props.isDisabled}
      onClick={props.onClick}
    >
      {icon && <Icon name={icon} size={14} />}
      {props.children !== undefined && <span class="button-text">{props.children}</span>}
      {keys && <Keys keys={keys} />}
      {props.hasMenu && <Icon name="chevronDown" size={12} />}
    </button>
  );
}

export interface IconButtonProps {
  icon: IconName;
  /** What it does; add the shortcut in brackets. */
  label: string;
  size?: number;
  isPressed?: boolean;
  isDisabled?: boolean;
  isExpanded?: boolean;
  hasMenu?: boolean;
  tabIndex?: number;
  buttonRef?: Ref<HTMLButtonElement>;
  onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void;
}

export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      ref={props.buttonRef ?? null}
      type="button"
      class="icon-button"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.isPressed}
      aria-expanded={props.isExpanded}
      aria-haspopup={props.hasMenu ? "menu" : undefined}
      disabled={props.isDisabled}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <Icon name={props.icon} size={props.size ?? 16} />
    </button>
  );
}
