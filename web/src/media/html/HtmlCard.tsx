/** A logged page: running in a sandbox without network, or its source. A table cell only names it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { source } from "@/state/server/source";
import type { HtmlRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { contentPath, safeLink } from "@/media/html/address";
import { TextView } from "@/media/text/TextView";
import type { CardProps } from "@/media/view";
import { Button, IconButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { Icon } from "@/parts/Icon";
import { SandboxFrame } from "@/parts/SandboxFrame";
import { EmptyState, ErrorState } from "@/parts/States";
import { Choice } from "@/parts/Toggle";
import { blobText, retryBlob } from "@/state/contents/blobs";
import "@/media/html/html.css";

const SOURCE_LIMIT_BYTES = 8 * 1024 * 1024;
const PAGE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Pages that a person allowed to load from outside, for as long as this page is open. */
const allowed = new Set<string>();

export function titleOf(record: HtmlRecord): string {
  return record.title ?? record.name ?? "HTML";
}

const STILL_FROM_HEIGHT = 48;
/** Pages are made for some room; a cell shows them smaller. */
const STILL_WIDTH = 720;
const STILL_LIMIT_BYTES = 2 * 1024 * 1024;

export function HtmlCard({ record, size, box }: CardProps<HtmlRecord>): JSX.Element {
  if (size === "thumb") {
    const words = record.title ?? record.excerpt ?? record.name ?? "HTML";
    const hasRoom = box !== undefined && box.height >= STILL_FROM_HEIGHT;
    if (hasRoom && record.blob.size_bytes <= STILL_LIMIT_BYTES) return <HtmlStill record={record} box={box} words={words} />;
    return <span class="html-thumb" title={words}><Icon name="file" size={13} /><span class="truncate">{words}</span></span>;
  }
  return <HtmlReader key={record.blob.sha256} record={record} isFull={size === "full"} />;
}

/** The page as it stands before any script runs: none does, and nothing is loaded from outside. */
function HtmlStill({ record, box, words }: { record: HtmlRecord; box: { width: number; height: number }; words: string }): JSX.Element {
  const scale = Math.min(1, box.width / STILL_WIDTH);
  return (
    <span class="html-still" title={words} style={{ width: `${box.width}px`, height: `${box.height}px` }}>
      <iframe
        src={source.url(contentPath(record, { isFramed: true, isStill: true, hosts: [] }))}
        title={words}
        sandbox=""
        referrerpolicy="no-referrer"
        loading="lazy"
        tabIndex={-1}
        style={{ width: `${box.width / scale}px`, height: `${box.height / scale}px`, transform: `scale(${scale})` }}
      />
      <span class="html-still-name truncate">{words}</span>
    </span>
  );
}

function HtmlReader({ record, isFull }: { record: HtmlRecord; isFull: boolean }): JSX.Element {
  const { blob } = record;
  const [shows, setShows] = useState<"page" | "source">("page");
  const [isStopped, setStopped] = useState(false);
  const [isAllowed, setAllowed] = useState(allowed.has(blob.sha256));
  const [link, setLink] = useState<string | null>(null);
  const outside = record.outside ?? [];
  const beside = record.beside ?? [];
  const isTooLarge = blob.size_bytes > PAGE_LIMIT_BYTES;
  const path = contentPath(record, { isFramed: true, hosts: isAllowed ? outside : [] });
  const allow = (): void => {
    allowed.add(blob.sha256);
    setAllowed(true);
    setStopped(false);
  };
  return (
    <div class={`html-card html-${isFull ? "full" : "cell"}`} {...(isFull ? { "data-own-keys": true } : {})}>
      <div class="html-tools">
        {isFull && (
          <span class="html-title truncate" title={titleOf(record)}>
            {titleOf(record)}
          </span>
        )}
        {isFull && (
          <Choice
            label="What to show"
            value={shows}
            options={[
              { value: "page", label: "Page" },
              { value: "source", label: "Source" },
            ]}
            onChange={setShows}
          />
        )}
        {shows === "page" &&
          !isTooLarge &&
          (isStopped ? (
            <Button look="plain" icon="play" onClick={() => setStopped(false)}>
              Run
            </Button>
          ) : (
            <Button look="plain" icon="pause" label="Stop the page: its frame is removed" onClick={() => setStopped(true)}>
              Stop
            </Button>
          ))}
        {!isTooLarge && (
          <a
            class="html-open"
            href={source.url(contentPath(record, { isFramed: false, hosts: isAllowed ? outside : [] }))}
            target="_blank"
            rel="noopener noreferrer"
            title="Open in a new tab, still in its sandbox"
          >
            <Icon name="external" size={14} />
          </a>
        )}
      </div>
      {outside.length > 0 && !isAllowed && shows === "page" && (
        <div class="html-note">
          <span class="html-note-text">
            It wants to load from <b>{namesOf(outside)}</b>. Nothing is loaded from outside unless you allow it.
          </span>
          <Button label={`Load from ${outside.join(", ")}. Those sites learn that you look at this page.`} onClick={allow}>
            Allow
          </Button>
        </div>
      )}
      {beside.length > 0 && shows === "page" && (
        <div class="html-note">
          <span class="html-note-text" title={beside.join("\n")}>
            It expects {namesOf(beside)} beside it, which {beside.length === 1 ? "was" : "were"} not logged with it.
          </span>
        </div>
      )}
      {record.note && (
        <div class="html-note">
          <span class="html-note-text">{record.note}</span>
        </div>
      )}
      <div class="html-body">
        {shows === "source" ? (
          <Source record={record} />
        ) : isTooLarge ? (
          <EmptyState isSmall icon="warning" title={`${formatBytes(blob.size_bytes)} are too much to be shown`}>
            Download it instead.
          </EmptyState>
        ) : isStopped ? (
          <EmptyState
            isSmall
            icon="pause"
            title="Stopped"
            action={
              <Button icon="play" onClick={() => setStopped(false)}>
                Run it again
              </Button>
            }
          />
        ) : (
          <SandboxFrame
            src={source.url(path)}
            title={titleOf(record)}
            class="html-frame"
            onMessage={(data) => setLink(safeLink(data) ?? link)}
          />
        )}
      </div>
      {link !== null && (
        <div class="html-link" role="status">
          <span>This link leads to</span>
          <a class="truncate" href={link} title={link} target="_blank" rel="noopener noreferrer nofollow ugc" onClick={() => setLink(null)}>
            {link}
          </a>
          <IconButton icon="close" size={13} label="Close" onClick={() => setLink(null)} />
        </div>
      )}
    </div>
  );
}

function Source({ record }: { record: HtmlRecord }): JSX.Element {
  const { blob } = record;
  if (blob.size_bytes > SOURCE_LIMIT_BYTES) {
    return (
      <EmptyState isSmall icon="file" title={`${formatBytes(blob.size_bytes)} of source are too much to be shown`}>
        Download it instead.
      </EmptyState>
    );
  }
  const fetched = blobText(blob).value;
  if (fetched.is === "loading") return <div class="html-loading">loading</div>;
  if (fetched.is === "failed") {
    return <ErrorState isSmall title="The source could not be loaded" error={fetched.error} onRetry={() => retryBlob(blob)} />;
  }
  return (
    <div class="html-source">
      <TextView text={fetched.value} isWrapped hasNumbers isMono matches={[]} current={-1} label="source" />
      <div class="html-copy"><CopyButton text={fetched.value} label="Copy the source" /></div>
    </div>
  );
}

function namesOf(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
}
