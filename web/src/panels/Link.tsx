import type { ComponentChildren, JSX } from "preact";
import { href, navigate } from "@/state/page/route";

export interface LinkProps {
  /** Path below the base, encoded: see `projectPath` and `runPath`. */
  path: string;
  children: ComponentChildren;
  class?: string;
  label?: string;
  title?: string;
  isCurrent?: boolean;
  tabIndex?: number;
}

/** A link inside the app: a real <a href>, so that a middle click opens a tab; a plain click does not reload. */
export function Link(props: LinkProps): JSX.Element {
  return (
    <a
      class={props.class}
      href={href(props.path)}
      aria-label={props.label}
      title={props.title}
      aria-current={props.isCurrent ? "page" : undefined}
      tabIndex={props.tabIndex}
      onClick={(event) => {
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(props.path);
      }}
    >
      {props.children}
    </a>
  );
}
