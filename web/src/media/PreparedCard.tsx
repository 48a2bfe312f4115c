/**
 * A card outside of a media panel (in a table's cell): drawn when what it needs is loaded, and with words when that
 * failed. What is drawn stays until the next record is ready.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Preparation } from "@/lib/preparation";
import { MediaCard, type MediaCardProps } from "@/media/MediaCard";
import { Icon } from "@/parts/Icon";
import { useRecovery } from "@/parts/useRecovery";
import { prepareItem } from "@/media/prepare";
import type { ShownItem } from "@/state/media/tile";
import { pixelRatio } from "@/state/page/screen";
import { useScope } from "@/state/scope";

type Drawn = { is: "loading" } | { is: "ready"; record: unknown } | { is: "failed"; text: string };

export interface PreparedCardProps extends MediaCardProps {
  box: { width: number; height: number };
  /** As what the page counts it, if its overlays are to be listed beside those of tiles. */
  reportAs?: ShownItem | undefined;
}

export function PreparedCard({ record, reportAs, ...rest }: PreparedCardProps): JSX.Element {
  const { overlays: { overlays }, selection: { reportShown } } = useScope();
  const [drawn, setDrawn] = useState<Drawn>({ is: "loading" });
  const held = useRef<Preparation | null>(null);
  const { width, height } = rest.box;
  const [attempt, setAttempt] = useState(0);
  useRecovery(drawn.is === "failed" ? () => setAttempt((count) => count + 1) : undefined);
  useLayoutEffect(() => {
    let isGone = false;
    const ratio = pixelRatio.peek();
    const preparation = prepareItem(record, {
      width: width * ratio,
      height: height * ratio,
      isUrgent: true,
      overlays: overlays.peek(),
    });
    const take = (): void => {
      if (isGone) return;
      held.current?.release();
      held.current = preparation;
      setDrawn({ is: "ready", record });
    };
    if (preparation.isReady) take();
    else {
      preparation.ready.then(take, (thrown: unknown) => {
        if (!isGone) setDrawn({ is: "failed", text: thrown instanceof Error ? thrown.message : String(thrown) });
      });
    }
    return () => {
      isGone = true;
      if (held.current !== preparation) preparation.release();
    };
  }, [record, width, height, attempt]);
  useLayoutEffect(() => {
    if (reportAs && drawn.is === "ready") reportShown(held, reportAs);
  }, [drawn, reportAs?.index]);
  useLayoutEffect(() => () => {
    held.current?.release();
    reportShown(held, null);
  }, []);
  if (drawn.is === "loading") return <span class="media-waiting" aria-busy="true" />;
  if (drawn.is === "failed") {
    return (
      <span class="media-broken" role="alert" title={drawn.text}>
        <Icon name="warning" size={13} />
        <span class="truncate">{drawn.text}</span>
      </span>
    );
  }
  return <MediaCard {...rest} record={drawn.record} />;
}
