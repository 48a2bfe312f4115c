/** Draws any logged item: the same card in grids, table cells, summaries and full view. */
import type { JSX } from "preact";
import { exactText, formatValue } from "@/lib/text/format";
import { FailedCard, isFailed } from "@/media/failed/FailedCard";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import { isKnown, isRecord, viewOfRecord } from "@/media/registry";
import type { CardSize } from "@/media/view";
import type { ShownItem } from "@/state/media/tile";
import "@/media/media.css";

export interface MediaCardProps {
  /** A media record, or any plain value. */
  record: unknown;
  size: CardSize;
  /** Room for it in CSS pixels; without it the card measures its place. */
  box?: { width: number; height: number };
  /** Where it is shown, when it is a tile: then it can be zoomed, probed and selected. */
  shown?: ShownItem;
}

export function MediaCard({ record, ...rest }: MediaCardProps): JSX.Element {
  if (isKnown(record)) {
    const { Card } = viewOfRecord(record);
    return <Card record={record} {...rest} />;
  }
  if (isFailed(record)) return <FailedCard record={record} size={rest.size} />;
  if (isRecord(record)) return <UnknownCard record={record} size={rest.size} />;
  if (rest.size === "thumb") return <span class="media-value-thumb truncate" title={exactText(record)}>{formatValue(record)}</span>;
  return <pre class="media-value">{exactText(record)}</pre>;
}
