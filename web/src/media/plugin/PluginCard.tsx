/** Media of a plugin's kind: drawn by the plugin's own view in a frame, or what is stored, where there is no view. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { source } from "@/state/server/source";
import type { PluginRecord } from "@/api/schema";
import { DownloadLink } from "@/media/file/FileCard";
import { findView, installedPlugins, lookAgain } from "@/media/plugin/installed";
import { PluginFrame } from "@/media/plugin/PluginFrame";
import type { CardProps } from "@/media/view";
import { Button } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import "@/media/plugin/plugin.css";

const THUMBNAIL = "thumbnail";
/** Lower cells have a line of text. */
const LEAST_HEIGHT = 24;

export function nameOf({ caption, plugin }: PluginRecord): string {
  return caption ?? plugin.split(":")[1] ?? plugin;
}

export function PluginCard({ record, size, box }: CardProps<PluginRecord>): JSX.Element {
  if (size === "thumb") return <PluginThumb record={record} box={box} />;
  const listed = installedPlugins().value;
  if (listed === null || listed.is === "loading") return <div class="figure figure-words">loading</div>;
  if (listed.is === "failed") {
    return <StoredContent record={record} reason={`${listed.error.message} ${listed.error.hint}`} />;
  }
  const found = findView(record, listed.plugins);
  if (found.is === "missing") return <StoredContent record={record} reason={found.reason} />;
  return <PluginFrame record={record} size={size} view={found.view} title={`${found.title}: ${nameOf(record)}`} />;
}

/** The small picture that the plugin has made, or a line of text. */
function PluginThumb({ record, box }: { record: PluginRecord; box: { width: number; height: number } | undefined }): JSX.Element {
  const name = nameOf(record);
  if (record.blobs?.[THUMBNAIL] && (box?.height ?? 0) >= LEAST_HEIGHT) return <Thumbnail record={record} box={box} />;
  return (
    <span class="figure-thumb" title={`${name} (${record.plugin})`}>
      <Icon name="file" size={14} />
      <span class="truncate">{name}</span>
    </span>
  );
}

function Thumbnail({ record, box }: { record: PluginRecord; box?: { width: number; height: number } | undefined }): JSX.Element | null {
  const [isBroken, setBroken] = useState(false);
  const blob = record.blobs?.[THUMBNAIL];
  const name = nameOf(record);
  if (!blob) return null;
  if (isBroken) return <span class="truncate">{name}</span>;
  return (
    <img
      class="plugin-thumbnail"
      src={source.blobUrl(blob.sha256)}
      alt={name}
      title={name}
      loading="lazy"
      draggable={false}
      style={box ? { maxWidth: `${box.width}px`, maxHeight: `${box.height}px` } : {}}
      onError={() => setBroken(true)}
    />
  );
}

/** What is stored, for want of a view: why, the small picture, the files and the body as JSON. */
function StoredContent({ record, reason }: { record: PluginRecord; reason: string }): JSX.Element {
  return (
    <div class="media-unknown plugin-stored">
      <div class="media-unknown-head" role="note">
        <span>“{record.plugin}”: {reason}</span>
        <Button look="plain" icon="reset" onClick={lookAgain}>Look again</Button>
      </div>
      <Thumbnail record={record} />
      {Object.entries(record.blobs ?? {}).map(([name, blob]) => <DownloadLink key={name} blob={blob} name={name} />)}
      <pre class="media-unknown-json" tabIndex={0}>{JSON.stringify(record.body ?? {}, null, 2)}</pre>
    </div>
  );
}
