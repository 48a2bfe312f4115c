/** The table kind for the rest of the UI. */
import type { TableRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const TABLE_VIEW: View<TableRecord> = {
  name: "table",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
