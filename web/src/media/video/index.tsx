/** The video kind for the rest of the UI. */
import type { VideoRecord } from "@/api/schema";
import { formatBytes, formatCount, formatNumber } from "@/lib/text/format";
import { NORMALIZED, rangeText } from "@/media/numbers";
import { formatTime } from "@/media/playing";
import { VideoCard } from "@/media/video/VideoCard";
import { preparePoster } from "@/media/video/posters";
import type { Fact, View } from "@/media/view";

export const VIDEO_VIEW: View<VideoRecord> = {
  name: "video",
  Card: VideoCard,
  aspect: (record) => (record.width && record.height ? record.width / record.height : 4 / 3),
  facts: videoFacts,
  prepare: preparePoster,
  file: (record) => ({ sha256: record.blob.sha256, name: record.name ?? `video.${record.format}` }),
};

function videoFacts(record: VideoRecord): Fact[] {
  const facts: Fact[] = [];
  const add = (name: string, value: string, title?: string): void =>
    void facts.push(title === undefined ? { name, value } : { name, value, title });
  if (record.name) add("name", record.name);
  if (record.width && record.height) add("size", `${record.width} × ${record.height} px`);
  if (record.duration_secs) add("length", formatTime(record.duration_secs, 2), `${record.duration_secs} s`);
  if (record.frame_count) {
    add("frames", `${record.frame_count.toLocaleString("en")}${record.fps ? ` · ${formatNumber(record.fps)} a second` : ""}`);
  }
  add(
    "format",
    [record.format, record.codec === record.format ? null : record.codec, record.has_audio ? "with sound" : null]
      .filter(Boolean)
      .join(" · "),
  );
  if (record.grid) add("batch", `${record.grid[0]} × ${record.grid[1]} videos side by side`);
  if (record.normalized) add("numbers", NORMALIZED[record.normalized] ?? record.normalized, "How the logged numbers became pixels");
  const shown = rangeText(record.shown_range);
  if (shown !== undefined) add("shown", shown, "Values that became black and white");
  if (record.non_finite) add("not finite", `${formatCount(record.non_finite, "value")} NaN or infinite`);
  if (record.out_of_range) add("clipped", `${formatCount(record.out_of_range, "value")} outside what is shown`);
  add("file", formatBytes(record.blob.size_bytes), `sha256 ${record.blob.sha256}`);
  if (record.preview) {
    add(
      "shown",
      `an mp4 preview, ${formatBytes(record.preview.size_bytes)}`,
      "Browsers can't play the file itself; the download is the file as it was logged",
    );
  }
  if (record.note) add("note", record.note);
  return facts;
}
