/** A file that nobody looks into: its name, its size, a way to get it. */
import type { JSX } from "preact";
import { source } from "@/state/server/source";
import type { BlobRef, FileRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import type { CardProps, View } from "@/media/view";
import { Icon } from "@/parts/Icon";
import "@/media/media.css";

export function DownloadLink({ blob, name }: { blob: BlobRef; name: string }): JSX.Element {
  return (
    <a
      class="media-download"
      href={source.blobUrl(blob.sha256)}
      download={name}
      title={`Download ${name} (${formatBytes(blob.size_bytes)})`}
    >
      <Icon name="download" size={14} />
      <span class="truncate">{name}</span>
      <span class="media-size">{formatBytes(blob.size_bytes)}</span>
    </a>
  );
}

function FileCard({ record, size }: CardProps<FileRecord>): JSX.Element {
  return (
    <div class={`media-file media-file-${size}`}>
      {size !== "thumb" && <Icon name="file" size={24} />}
      <DownloadLink blob={record.blob} name={record.name} />
    </div>
  );
}

export const FILE_VIEW: View<FileRecord> = {
  name: "file",
  Card: FileCard,
  aspect: () => null,
  facts: (record) => [
    { name: "name", value: record.name },
    { name: "type", value: record.blob.mime },
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ],
  file: (record) => ({ sha256: record.blob.sha256, name: record.name.split("/").at(-1) ?? record.name }),
};
