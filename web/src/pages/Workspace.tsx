/** Runs at the left, panels in the centre, the inspector at the right, the clock below: for many runs, or for one. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { IconButton } from "@/parts/Button";
import { ChartFull } from "@/panels/ChartFull";
import { FullView } from "@/panels/FullView";
import { Inspector } from "@/panels/Inspector";
import { PanelSections } from "@/panels/PanelSections";
import { RunRail } from "@/panels/RunRail";
import { ScrubBar } from "@/panels/ScrubBar";
import { onEscape } from "@/state/commands";
import { isInspectorOpen } from "@/state/view";
import "@/pages/pages.css";

const NARROW = "(max-width: 1180px)";

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
  const isNarrow = useMedia(NARROW);
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const isOpen = isNarrow ? isDrawerOpen : isInspectorOpen.value;
  useEffect(() => {
    if (!isNarrow || !isDrawerOpen) return;
    return onEscape(() => setDrawerOpen(false));
  }, [isNarrow, isDrawerOpen]);
  const toggle = (): void => {
    if (isNarrow) setDrawerOpen(!isDrawerOpen);
    else isInspectorOpen.value = !isInspectorOpen.value;
  };
  if (!isOpen) {
    return (
      <aside class="inspector-slot inspector-closed" aria-label="Inspector">
        <IconButton icon="panelRight" label="Show the inspector (Ctrl I)" onClick={toggle} />
      </aside>
    );
  }
  return (
    <>
      {isNarrow && <div class="inspector-closed" />}
      <aside class={`inspector-slot${isNarrow ? " inspector-drawer" : ""}`} aria-label="Inspector">
        <div class="inspector-toggle"><IconButton icon="panelRight" label="Hide the inspector (Ctrl I)" onClick={toggle} /></div>
        <Inspector />
      </aside>
    </>
  );
}

function useMedia(condition: string): boolean {
  const [isTrue, setTrue] = useState(() => matchMedia(condition).matches);
  useEffect(() => {
    const media = matchMedia(condition);
    const onChange = (): void => setTrue(media.matches);
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [condition]);
  return isTrue;
}
