/** The html kind for the rest of the UI. */
import type { HtmlRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const HTML_VIEW: View<HtmlRecord> = {
  name: "html",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
