/**
 * Which kind draws a panel. `main` fills it once with all of them (`panels/panels.tsx`); whoever composes panels asks here and
 * imports none, so that a panel may hold others.
 */
import type { JSX } from "preact";
import type { KeyView } from "@/api/schema";
import type { AnyPanel, PanelKind, PanelKinds, PanelProps, PanelType, Span } from "@/panels/panel";
import type { Scope } from "@/state/scope";

const kinds = new Map<string, PanelKind<PanelType>>();

/** Once, from main. */
export function registerPanels(all: PanelKinds): void {
  // The mapped type guarantees that each kind belongs to its type.
  for (const [type, kind] of Object.entries(all)) kinds.set(type, kind as unknown as PanelKind<PanelType>);
}

/** The one place where a panel and its kind are brought together by the type. */
function kindOf(panel: AnyPanel): PanelKind<PanelType> {
  const found = kinds.get(panel.type);
  if (!found) throw new Error(`no kind of panel is registered for "${panel.type}"`);
  return found;
}

/** The panels that these keys call for by themselves, in their order; a key that no type wants has none. */
export function automaticPanels(keys: readonly KeyView[]): AnyPanel[] {
  return keys.flatMap((key) => {
    for (const kind of kinds.values()) {
      const panel = kind.defaults(key);
      if (panel) return [panel as AnyPanel];
    }
    return [];
  });
}

export function PanelView({ panel, isPacked }: PanelProps<PanelType> & { panel: AnyPanel }): JSX.Element {
  const { View } = kindOf(panel);
  return <View panel={panel} isPacked={isPacked} />;
}

/** The panel's settings; null when there is nothing to set. */
export function PanelForm({ panel }: { panel: AnyPanel }): JSX.Element | null {
  const { Form } = kindOf(panel);
  return Form && <Form panel={panel} />;
}

export function spanOfPanel(scope: Scope, panel: AnyPanel, columnWidth: number): Span {
  return kindOf(panel).span(scope, panel, columnWidth);
}

export function leastHeightOf(panel: AnyPanel, isAlone: boolean): number {
  return kindOf(panel).leastHeight(panel, isAlone);
}
