/** The video kind for the rest of the UI. */
import type { VideoRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const VIDEO_VIEW: View<VideoRecord> = {
  name: "video",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
