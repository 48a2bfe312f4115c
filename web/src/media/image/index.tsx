/** The image kind for the rest of the UI. */
import type { ImageRecord } from "@/api/schema";
import { ImageCard } from "@/media/image/ImageCard";
import { prepareImage } from "@/media/image/pictures";
import { formatBytes } from "@/parts/format";
import type { Fact, View } from "@/media/view";

const NORMALIZED: Readonly<Record<string, string>> = {
  unit: "values × 255 (they lay in 0 to 1)",
  signed: "(value + 1) × 127.5 (they lay in −1 to 1)",
  clip: "values cut to 0 to 255",
  none: "kept as logged",
};

export const IMAGE_VIEW: View<ImageRecord> = {
  name: "image",
  Card: ImageCard,
  aspect: (record) => record.width / record.height,
  facts: imageFacts,
  prepare: prepareImage,
  file: (record) => ({ sha256: record.blob.sha256, name: `image.${record.format ?? "png"}` }),
};

function imageFacts(record: ImageRecord): Fact[] {
  const facts: Fact[] = [
    { name: "size", value: `${record.width} × ${record.height} px` },
    { name: "format", value: `${record.format ?? "png"} · ${record.mode ?? "RGB"}` },
    { name: "numbers", value: NORMALIZED[record.normalized ?? "none"] ?? record.normalized ?? "", title: "How the logged numbers became pixels" },
    { name: "file", value: formatBytes(record.blob.size_bytes), title: `sha256 ${record.blob.sha256}` },
  ];
  if (record.non_finite) facts.push({ name: "not finite", value: `${record.non_finite.toLocaleString("en")} values were NaN or infinite` });
  if (record.out_of_range) facts.push({ name: "clipped", value: `${record.out_of_range.toLocaleString("en")} values lay outside 0 to 255` });
  if (record.grouping !== undefined && record.grouping !== null) facts.push({ name: "grouping", value: String(record.grouping) });
  return facts;
}
