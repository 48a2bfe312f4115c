/** The audio kind for the rest of the UI. */
import type { AudioRecord } from "@/api/schema";
import { formatBytes, formatCount } from "@/lib/text/format";
import { AudioCard } from "@/media/audio/AudioCard";
import { preparePeaks } from "@/media/audio/peaks";
import { formatTime } from "@/media/playing";
import type { Fact, View } from "@/media/view";

export const AUDIO_VIEW: View<AudioRecord> = {
  name: "audio",
  Card: AudioCard,
  aspect: () => null,
  tile: { width: 276, height: 88 },
  facts: audioFacts,
  prepare: preparePeaks,
  file: (record) => ({ sha256: record.blob.sha256, name: record.name ?? `sound.${record.format}` }),
};

function audioFacts(record: AudioRecord): Fact[] {
  const facts: Fact[] = [];
  const add = (name: string, value: string, title?: string): void =>
    void facts.push(title === undefined ? { name, value } : { name, value, title });
  if (record.name) add("name", record.name);
  if (record.duration_secs !== undefined && record.duration_secs !== null) {
    add("length", formatTime(record.duration_secs, 2), `${record.duration_secs} s`);
  }
  if (record.sample_rate) add("rate", `${record.sample_rate.toLocaleString("en")} Hz`);
  if (record.channels) add("channels", record.channels === 1 ? "1 (mono)" : record.channels === 2 ? "2 (stereo)" : String(record.channels));
  if (record.frame_count !== undefined && record.frame_count !== null) {
    add("samples", `${record.frame_count.toLocaleString("en")} of each channel`);
  }
  add("format", [record.format, record.encoding].filter(Boolean).join(" · "));
  if (record.dtype) add("logged as", record.dtype, "Number type of the logged samples; the file keeps their exact values");
  if (record.non_finite) add("not finite", `${formatCount(record.non_finite, "sample")} NaN or infinite`);
  if (record.out_of_range) {
    add("too loud", `${formatCount(record.out_of_range, "sample")} outside −1 to 1`, "Kept as logged; players cut them off");
  }
  add("file", formatBytes(record.blob.size_bytes), `sha256 ${record.blob.sha256}`);
  if (record.preview) {
    add(
      "played",
      `a preview, ${formatBytes(record.preview.size_bytes)}`,
      "Browsers can't play the file itself; the download is the file as it was logged",
    );
  }
  if (record.note) add("note", record.note);
  return facts;
}
