/** What could not be encoded: why, and the bytes that were logged, to be downloaded as they are. */
import type { JSX } from "preact";
import { DownloadLink } from "@/media/file/FileCard";
import { type UnknownRecord, blobsIn } from "@/media/unknown/UnknownCard";
import type { CardSize } from "@/media/view";
import { Icon } from "@/parts/Icon";
import "@/media/media.css";

export function isFailed(record: unknown): record is UnknownRecord {
  return typeof record === "object" && record !== null && "kind" in record && record.kind === "failed";
}

/** In words: what became of it. */
export function failureText({ of, reason }: UnknownRecord): string {
  const what = typeof of === "string" ? `${of}: ` : "";
  return `${what}could not be encoded; its bytes are kept${typeof reason === "string" ? `: ${reason}` : ""}`;
}

/** The kept bytes under names that tell them apart: "image.0.bin", "image.header.msgpack". */
export function keptFiles(record: UnknownRecord): ReturnType<typeof blobsIn> {
  const kind = typeof record["of"] === "string" ? record["of"] : "failed";
  const buffers = blobsIn(record["buffers"]).map(({ path, blob }) => ({ path: `${kind}.${path}.bin`, blob }));
  const header = blobsIn(record["header"]).map(({ blob }) => ({ path: `${kind}.header.msgpack`, blob }));
  return [...buffers, ...header];
}

export function FailedCard({ record, size }: { record: UnknownRecord; size: CardSize }): JSX.Element {
  const text = failureText(record);
  const words = (
    <span class="media-broken" title={text}>
      <Icon name="warning" size={13} />
      <span class="truncate">{text}</span>
    </span>
  );
  if (size === "thumb") return words;
  return (
    <div class="media-unknown">
      {words}
      {keptFiles(record).map(({ path, blob }) => <DownloadLink key={path} blob={blob} name={path} />)}
    </div>
  );
}
