/** A table in small: how large it is; a click opens it. In a table's cell the cell opens it, so that one can go on to the next row. */
import type { JSX } from "preact";
import { Icon } from "@/parts/Icon";
import { useScope } from "@/state/scope";
import "@/media/media.css";

export function TableChip({ record, text, title }: { record: unknown; text: string; title: string }): JSX.Element {
  const { showCell } = useScope().tables;
  return (
    <span
      class="table-chip"
      role="button"
      tabIndex={-1}
      title={title}
      onClick={(event) => {
        if (event.currentTarget.closest(".tv-media, .tree-thumb")) return;
        showCell({ record, title: text });
      }}
    >
      <Icon name="columns" size={12} />
      <span class="truncate">{text}</span>
    </span>
  );
}
