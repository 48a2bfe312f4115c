import type { ImageRecord } from "@/api/schema";

/** Whether a logged item is a picture. */
export function isImage(item: unknown): item is ImageRecord {
  return typeof item === "object" && item !== null && "kind" in item && item.kind === "image";
}
