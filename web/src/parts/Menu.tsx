/** A button that opens a list of choices: arrows move, Enter chooses, Esc closes, letters jump. */
import type { ComponentChildren, JSX, TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, IconButton } from "@/parts/Button";
import { Icon, type IconName } from "@/parts/Icon";
import { Keys } from "@/parts/Keys";
import { Popover } from "@/parts/Popover";
import "@/parts/parts.css";

export interface MenuItem {
  label: string;
  /** Shown in small print behind the label. */
  detail?: string;
  icon?: IconName;
  keys?: string;
  isChecked?: boolean;
  isDisabled?: boolean;
  isDanger?: boolean;
  /** A line above this item, with a heading if it is a text. */
  divider?: boolean | string;
  onSelect: () => void;
  /** Stay open after the choice (check marks). */
  staysOpen?: boolean;
}

export interface MenuProps {
  label: string;
  items: readonly MenuItem[];
  /** Text of the button; without one it shows only `icon`. */
  text?: ComponentChildren;
  icon?: IconName;
  look?: "normal" | "plain";
  align?: "start" | "end";
  isDisabled?: boolean;
}

export function Menu(props: MenuProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const toggle = (): void => setOpen(!isOpen);
  return (
    <>
      {props.text === undefined ? (
        <IconButton buttonRef={button} icon={props.icon ?? "more"} label={props.label} hasMenu isExpanded={isOpen} onClick={toggle} />
      ) : (
        <Button
          buttonRef={button}
          look={props.look ?? "normal"}
          label={props.label}
          hasMenu
          isExpanded={isOpen}
          isDisabled={props.isDisabled ?? false}
          onClick={toggle}
          {...(props.icon ? { icon: props.icon } : {})}
        >
          {props.text}
        </Button>
      )}
      {isOpen && (
        <Popover anchor={button} label={props.label} role="menu" align={props.align ?? "start"} onClose={() => setOpen(false)}>
          <MenuItems items={props.items} onDone={() => setOpen(false)} />
        </Popover>
      )}
    </>
  );
}

export function MenuItems({ items, onDone }: { items: readonly MenuItem[]; onDone: () => void }): JSX.Element {
  return (
    <div class="menu" onKeyDown={moveFocus}>
      {items.map((item, index) => (
        <div key={index} role="none">
          {item.divider !== undefined && item.divider !== false && (
            <div class="menu-divider" role="separator">{item.divider === true ? "" : item.divider}</div>
          )}
          <button
            type="button"
            class={`menu-item${item.isDanger ? " menu-danger" : ""}`}
            role={item.isChecked === undefined ? "menuitem" : "menuitemcheckbox"}
            aria-checked={item.isChecked}
            disabled={item.isDisabled}
            onClick={() => {
              item.onSelect();
              if (!item.staysOpen) onDone();
            }}
          >
            <span class="menu-mark">{item.isChecked ? <Icon name="check" size={14} /> : item.icon ? <Icon name={item.icon} size={14} /> : null}</span>
            <span class="menu-label truncate">{item.label}</span>
            {item.detail !== undefined && <span class="menu-detail">{item.detail}</span>}
            {item.keys && <Keys keys={item.keys} />}
          </button>
        </div>
      ))}
    </div>
  );
}

function moveFocus(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button:not(:disabled)")];
  const at = items.findIndex((item) => item === document.activeElement);
  let next: HTMLButtonElement | undefined;
  if (event.key === "ArrowDown") next = items[(at + 1) % items.length];
  else if (event.key === "ArrowUp") next = items.at(at <= 0 ? -1 : at - 1);
  else if (event.key === "Home") next = items[0];
  else if (event.key === "End") next = items.at(-1);
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
    const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    next = order.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  }
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}
