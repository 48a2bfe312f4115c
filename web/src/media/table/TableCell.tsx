/** One cell of a table, as its type asks. */
import type { JSX } from "preact";
import type { TableColumn } from "@/api/schema";
import { PreparedCard } from "@/media/PreparedCard";
import { isKnown, viewOfRecord } from "@/media/registry";
import { cellText, cellTitle, lookOf, recordsIn } from "@/media/table/cells";
import { cardBox } from "@/media/table/geometry";
import { Icon } from "@/parts/Icon";
import type { ShownItem } from "@/state/media/tile";

const PADDING_X = 16;
const PADDING_Y = 6;
const CARDS_SHOWN = 12;
const CARD_GAP = 4;
const LINE_PX = 18;
const LETTER_PX = 6.6;

export interface TableCellProps {
  value: unknown;
  column: TableColumn;
  /** Room, CSS pixels. */
  width: number;
  height: number;
  onOpen: () => void;
  /** How the page knows a picture in it, for the overlays. */
  reportAs: (record: unknown) => ShownItem | undefined;
}

export function TableCell({ value, column, width, height, onOpen, reportAs }: TableCellProps): JSX.Element {
  const look = lookOf(value, column);
  if (look === "media") {
    return (
      <MediaCell
        records={recordsIn(value, column)}
        width={width - PADDING_X}
        height={height - PADDING_Y}
        onOpen={onOpen}
        reportAs={reportAs}
      />
    );
  }
  const text = look === "empty" ? "“”" : cellText(value, column);
  const lines = Math.max(1, Math.floor((height - PADDING_Y) / LINE_PX));
  const isLong =
    (look === "text" || look === "tree") &&
    (text.length * LETTER_PX > (width - PADDING_X) * lines ||
      (lines === 1 && text.includes("\n")) ||
      text.split("\n", lines + 1).length > lines);
  return (
    <>
      <span
        class={`tv-value tv-${look}${lines > 1 ? " tv-lines" : ""}`}
        style={lines > 1 ? { "--lines": lines } : {}}
        title={cellTitle(value, column)}
      >
        {text}
      </span>
      {(isLong || look === "tree") && (
        <button
          type="button"
          class="tv-open"
          tabIndex={-1}
          title="Show all of it (Enter)"
          aria-label="Show all of it"
          onClick={(event) => {
            event.stopPropagation();
            onOpen();
          }}
        >
          <Icon name="expand" size={11} />
        </button>
      )}
    </>
  );
}

interface MediaCellProps extends Pick<TableCellProps, "width" | "height" | "onOpen" | "reportAs"> {
  records: readonly unknown[];
}

function MediaCell({ records, width, height, onOpen, reportAs }: MediaCellProps): JSX.Element {
  const each = records.length === 1 ? width : Math.min(width, Math.max(height, (width - CARD_GAP * (records.length - 1)) / records.length));
  const fitting = Math.max(1, Math.min(CARDS_SHOWN, Math.floor((width + CARD_GAP) / (each + CARD_GAP))));
  return (
    <div
      class="tv-media"
      onClick={(event) => {
        // A player's button, a link in a text: theirs.
        if (event.target instanceof Element && event.target.closest("button, a, input, audio, video, select") !== null) return;
        onOpen();
      }}
    >
      {records.slice(0, fitting).map((record, index) => {
        const aspect = isKnown(record) ? viewOfRecord(record).aspect(record) : null;
        const box = cardBox(aspect, Math.max(1, Math.floor(each)), Math.max(1, height));
        return (
          <div
            key={index}
            class="tv-card"
            style={{ width: `${box.width}px`, height: `${box.height}px`, "--lines": Math.max(1, Math.floor(box.height / LINE_PX)) }}
          >
            <PreparedCard record={record} size="thumb" box={box} reportAs={index === 0 ? reportAs(record) : undefined} />
          </div>
        );
      })}
      {records.length > fitting && <span class="tv-more" title={`${fitting} of ${records.length} shown`}>+{records.length - fitting}</span>}
    </div>
  );
}
