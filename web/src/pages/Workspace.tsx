/** Runs at the left, panels in the centre, the inspector at the right, the clock below: for many runs, or for one. */
import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { onEscape } from "@/lib/browser/escape";
import { IconButton } from "@/parts/Button";
import { ChartFull } from "@/panels/ChartFull";
import { FullView } from "@/panels/FullView";
import { Inspector } from "@/panels/Inspector";
import { PanelSections } from "@/panels/PanelSections";
import { RunRail } from "@/panels/RunRail";
import { ScrubBar } from "@/panels/ScrubBar";
import { isDrawerOpen, isInspectorOpen, isNarrow, toggleInspector } from "@/state/page/layout";
import "@/pages/pages.css";

export function Workspace({ hasRail = true }: { hasRail?: boolean }): JSX.Element {
  return (
    <div class="workspace">
      <div class="workspace-main">
        {hasRail && <RunRail />}
        <div class="workspace-center">
          <PanelSections />
          <ChartFull />
          <FullView />
        </div>
        <InspectorSlot />
      </div>
      <ScrubBar />
    </div>
  );
}

/** A column of its own where there is room; over the panels, on demand, where there is not. */
function InspectorSlot(): JSX.Element {
  const isDrawer = isNarrow.value;
  const isOpen = isDrawer ? isDrawerOpen.value : isInspectorOpen.value;
  useLayoutEffect(() => {
    if (!isDrawer || !isOpen) return;
    return onEscape(() => {
      isDrawerOpen.value = false;
    });
  }, [isDrawer, isOpen]);
  if (!isOpen) {
    return (
      <aside class="inspector-slot inspector-closed" aria-label="Inspector">
        <IconButton icon="panelRight" label="Show the inspector (Ctrl I)" onClick={toggleInspector} />
      </aside>
    );
  }
  return (
    <>
      {isDrawer && <div class="inspector-closed" />}
      <aside class={`inspector-slot${isDrawer ? " inspector-drawer" : ""}`} aria-label="Inspector">
        <div class="inspector-toggle"><IconButton icon="panelRight" label="Hide the inspector (Ctrl I)" onClick={toggleInspector} /></div>
        <Inspector />
      </aside>
    </>
  );
}
