/** A record of a kind that this version does not know: it was kept as it came, so it is shown as it is. */
import type { JSX } from "preact";
import type { BlobRef } from "@/api/schema";
import { DownloadLink } from "@/media/file/FileCard";
import { CopyButton } from "@/parts/CopyButton";
import "@/media/media.css";

export interface UnknownRecord {
  kind: string;
  [field: string]: unknown;
}

export function UnknownCard({ record, size }: { record: UnknownRecord; size: "thumb" | "cell" | "full" }): JSX.Element {
  const text = JSON.stringify(record, null, 2);
  if (size === "thumb") return <span class="media-unknown-thumb truncate" title={text}>{record.kind}</span>;
  const blobs = blobsIn(record);
  return (
    <div class="media-unknown">
      <div class="media-unknown-head">
        <span class="truncate">“{record.kind}” is not known to this version</span>
        <CopyButton text={text} label="Copy the record" />
      </div>
      {blobs.map(({ path, blob }) => <DownloadLink key={path} blob={blob} name={path} />)}
      <pre class="media-unknown-json" tabIndex={0}>{text}</pre>
    </div>
  );
}

/** Every blob in the record, under the path of its field. */
export function blobsIn(value: unknown, path = ""): { path: string; blob: BlobRef }[] {
  if (typeof value !== "object" || value === null) return [];
  if (isBlob(value)) return [{ path: path || "file", blob: value }];
  return Object.entries(value).flatMap(([name, inner]) => blobsIn(inner, path ? `${path}.${name}` : name));
}

function isBlob(value: object): value is BlobRef {
  return (
    "sha256" in value && typeof value.sha256 === "string" && /^[0-9a-f]{64}$/.test(value.sha256) &&
    "size_bytes" in value && typeof value.size_bytes === "number" && "mime" in value && typeof value.mime === "string"
  );
}
