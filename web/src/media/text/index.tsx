/** The text kind for the rest of the UI. */
import type { TextRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const TEXT_VIEW: View<TextRecord> = {
  name: "text",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
