/** A button that opens a list of choices: arrows move, Enter chooses, Esc closes, letters jump. */
import type { ComponentChildren, JSX, TargetedKeyboardEvent } from "preact";
import { useRef, useState } from "preact/hooks";
import { Button, IconButton } from "@/parts/Button";
import { Icon, type IconName } from "@/parts/Icon";
import { Keys } from "@/parts/Keys";
import { MiddleText } from "@/parts/MiddleText";
import { Popover } from "@/parts/Popover";
import { TextField } from "@/parts/TextField";
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

/** Beyond this many choices there is a field to find one. */
const SEARCH_FROM = 14;
/** More are not drawn, but for those that are chosen: they are found by typing. */
const DRAWN_MOST = 200;

export function MenuItems({ items, onDone }: { items: readonly MenuItem[]; onDone: () => void }): JSX.Element {
  const [wanted, setWanted] = useState("");
  const hasSearch = items.length >= SEARCH_FROM;
  const words = wanted.trim().toLowerCase().split(/\s+/);
  const found = wanted.trim() === "" ? items : only(items, (item) => words.every((word) => item.label.toLowerCase().includes(word)));
  const drawn = only(found, (item, index) => index < DRAWN_MOST || item.isChecked === true);
  return (
    <div class="menu" onKeyDown={moveFocus}>
      {hasSearch && (
        <div class="menu-search" role="none">
          <TextField label="Find in the list" placeholder="Find" icon="search" hasClear value={wanted} onInput={setWanted} />
        </div>
      )}
      {found.length === 0 && <div class="menu-none">Nothing is called that.</div>}
      {drawn.map((item, index) => (
        <div key={index} role="none">
          {item.divider !== undefined && item.divider !== false && (
            <div class="menu-divider" role="separator">
              {item.divider === true ? "" : item.divider}
            </div>
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
            <span class="menu-mark">
              {item.isChecked ? <Icon name="check" size={14} /> : item.icon ? <Icon name={item.icon} size={14} /> : null}
            </span>
            <span class="menu-label">
              <MiddleText text={item.label} />
            </span>
            {item.detail !== undefined && <span class="menu-detail">{item.detail}</span>}
            {item.keys && <Keys keys={item.keys} />}
          </button>
        </div>
      ))}
      {found.length > drawn.length && (
        <div class="menu-none">{(found.length - drawn.length).toLocaleString("en-US")} more: type a part of the name.</div>
      )}
    </div>
  );
}

/** The items that are wanted; the first of each part keeps the part's heading. */
function only(items: readonly MenuItem[], isWanted: (item: MenuItem, index: number) => boolean): MenuItem[] {
  let heading: MenuItem["divider"];
  return items.flatMap((item, index) => {
    if (item.divider !== undefined) heading = item.divider;
    if (!isWanted(item, index)) return [];
    const found = { ...item, ...(heading === undefined ? {} : { divider: heading }) };
    if (heading === undefined) delete found.divider;
    heading = undefined;
    return [found];
  });
}

function moveFocus(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("button.menu-item:not(:disabled)")];
  const isTyping = event.target instanceof HTMLInputElement;
  const at = items.findIndex((item) => item === document.activeElement);
  let next: HTMLButtonElement | undefined;
  if (event.key === "ArrowDown") next = items[(at + 1) % items.length];
  else if (event.key === "ArrowUp") next = items.at(at <= 0 ? -1 : at - 1);
  else if (isTyping) next = event.key === "Enter" && items[0] ? (items[0].click(), undefined) : undefined;
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
