/** The audio kind for the rest of the UI. */
import type { AudioRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const AUDIO_VIEW: View<AudioRecord> = {
  name: "audio",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
