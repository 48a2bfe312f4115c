/** A nested config or summary: folded by branch, searched by path, copied by value. Media leaves are drawn. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type Tree, isMedia, isTree, leavesOf } from "@/lib/runs/paths";
import { exactText, formatValue } from "@/lib/text/format";
import { MediaCard } from "@/media/MediaCard";
import { isKnown, viewOfRecord } from "@/media/registry";
import { CopyButton } from "@/parts/CopyButton";
import { Icon } from "@/parts/Icon";
import { EmptyState } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { useScope } from "@/state/scope";
import "@/panels/overview.css";

export interface TreeViewProps {
  title: string;
  tree: Tree;
  /** Said when there is nothing in it. */
  emptyText: string;
}

const SEARCH_FROM = 5;
const SHOWN_MOST = 1000;

export function TreeView({ title, tree, emptyText }: TreeViewProps): JSX.Element {
  const wanted = useSignal("");
  const closed = useSignal<ReadonlySet<string>>(new Set());
  const leafCount = leavesOf(tree).length;
  const words = wanted.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const rows = rowsOf(tree, words, closed.value);
  const toggle = (path: string): void => {
    const next = new Set(closed.value);
    if (!next.delete(path)) next.add(path);
    closed.value = next;
  };
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        <span class="card-count">{words.length > 0 ? `${rows.filter((row) => !row.isBranch).length} of ${leafCount}` : leafCount}</span>
        {leafCount >= SEARCH_FROM && (
          <TextField
            label={`Search ${title.toLowerCase()}`}
            placeholder="Search"
            icon="search"
            hasClear
            value={wanted.value}
            onInput={(text) => (wanted.value = text)}
          />
        )}
        {leafCount > 0 && <CopyButton label={`Copy ${title.toLowerCase()} as JSON`} text={() => JSON.stringify(tree, null, 2)} />}
      </div>
      {leafCount === 0 ? (
        <p class="card-empty">{emptyText}</p>
      ) : rows.length === 0 ? (
        <EmptyState isSmall title={<>Nothing in it matches <code>{wanted.value}</code></>} />
      ) : (
        <div class="tree" role="tree" aria-label={title}>
          {rows.slice(0, SHOWN_MOST).map((row) => (
            <TreeRow key={row.path.join("\u0000")} row={row} onToggle={toggle} isOpen={!closed.value.has(row.path.join("\u0000"))} />
          ))}
          {rows.length > SHOWN_MOST && <p class="card-empty">{SHOWN_MOST} of {rows.length} rows shown: search to see the others.</p>}
        </div>
      )}
    </section>
  );
}

interface Row {
  path: string[];
  name: string;
  value: unknown;
  isBranch: boolean;
}

function TreeRow({ row, isOpen, onToggle }: { row: Row; isOpen: boolean; onToggle: (path: string) => void }): JSX.Element {
  const indent = { "--indent": `${20 + (row.path.length - 1) * 16}px` };
  if (row.isBranch) {
    return (
      <div role="treeitem" aria-expanded={isOpen} class="tree-row" style={indent}>
        <button type="button" class="tree-branch" onClick={() => onToggle(row.path.join("\u0000"))}>
          <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={12} />
          {row.name}
        </button>
      </div>
    );
  }
  const media = mediaIn(row.value);
  if (media.length > 0) {
    return (
      <div role="treeitem" class="tree-row tree-media" style={indent}>
        <span class="tree-name truncate" title={row.path.join(".")}>{row.name}</span>
        <div class="tree-cards">{media.map((record, index) => <LeafCard key={index} record={record} name={row.name} />)}</div>
      </div>
    );
  }
  const text = formatValue(row.value);
  return (
    <div role="treeitem" class="tree-row" style={indent}>
      <span class="tree-name truncate" title={row.path.join(".")}>{row.name}</span>
      <span class={`tree-value tree-${typeof row.value}`} title={exactText(row.value)}>{text === "" ? "\u201c\u201d" : text}</span>
      <span class="tree-copy"><CopyButton label={`Copy ${row.name}`} text={() => exactText(row.value)} /></span>
    </div>
  );
}

/** Pictures are drawn; what wants a page of its own (a table, a plot, a text) is named, and a click opens it. */
function LeafCard({ record, name }: { record: unknown; name: string }): JSX.Element {
  const { showCell } = useScope().tables;
  const view = isKnown(record) ? viewOfRecord(record) : null;
  if (view?.tile) {
    const open = (event: { target: EventTarget | null; currentTarget: HTMLElement }): void => {
      const inner = event.target instanceof Element ? event.target.closest("button, a, audio, video, input") : null;
      if (inner === null || inner === event.currentTarget) showCell({ record, title: name });
    };
    return (
      <div
        class={`tree-thumb${view.tile === "fill" ? " tree-row-wide" : ""}`}
        role="button"
        tabIndex={0}
        title={`Open this ${view.name}`}
        onClick={open}
        onKeyDown={(event) => event.key === "Enter" && open(event)}
      >
        <MediaCard record={record} size="thumb" />
      </div>
    );
  }
  const aspect = isKnown(record) && record.kind !== "image" && record.kind !== "histogram" ? (view?.aspect(record) ?? 4 / 3) : null;
  return aspect === null ? (
    <MediaCard record={record} size="cell" />
  ) : <div class="tree-card" style={{ aspectRatio: String(aspect) }}><MediaCard record={record} size="cell" /></div>;
}

/** The media of a leaf: one record, or a list of nothing but records. */
function mediaIn(value: unknown): unknown[] {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  return items.every(isMedia) ? items : [];
}

/** Depth-first rows; a search keeps the leaves whose path or value holds all words, and the branches above them. */
function rowsOf(tree: Tree, words: readonly string[], closed: ReadonlySet<string>, above: string[] = []): Row[] {
  return Object.entries(tree).flatMap(([name, value]): Row[] => {
    const path = [...above, name];
    if (isTree(value) && !isMedia(value) && Object.keys(value).length > 0) {
      const inside = words.length === 0 && closed.has(path.join("\u0000")) ? [] : rowsOf(value, words, closed, path);
      return words.length > 0 && inside.length === 0 ? [] : [{ path, name, value, isBranch: true }, ...inside];
    }
    const text = `${path.join(".")} ${isMedia(value) ? value.kind : formatValue(value)}`.toLowerCase();
    return words.every((word) => text.includes(word)) ? [{ path, name, value, isBranch: false }] : [];
  });
}
