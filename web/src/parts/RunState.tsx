import type { JSX } from "preact";
import type { RunView } from "@/api/schema";
import { Badge, type Tone } from "@/parts/Badge";

const TONES: Record<RunView["state"], Tone> = { running: "accent", finished: "ok", failed: "danger", crashed: "danger", killed: "warn" };

/** What the run is doing, honestly: a running run that is silent has lost contact. */
export function stateText(run: Pick<RunView, "state" | "is_stale">): string {
  return run.state === "running" && run.is_stale ? "lost contact" : run.state;
}

export function RunStateBadge({ run }: { run: Pick<RunView, "state" | "is_stale"> }): JSX.Element {
  const isLost = run.state === "running" && run.is_stale;
  return (
    <Badge
      tone={isLost ? "warn" : TONES[run.state]}
      {...(isLost ? { title: "Marked as running, but nothing was heard of it for over 90 seconds." } : {})}
    >
      {stateText(run)}
    </Badge>
  );
}
