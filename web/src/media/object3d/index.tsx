/** The object3d kind for the rest of the UI. */
import type { Object3DRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const OBJECT3D_VIEW: View<Object3DRecord> = {
  name: "object3d",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
