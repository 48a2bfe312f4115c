/** The molecule kind for the rest of the UI. */
import type { MoleculeRecord } from "@/api/schema";
import { UnknownCard } from "@/media/unknown/UnknownCard";
import type { View } from "@/media/view";

export const MOLECULE_VIEW: View<MoleculeRecord> = {
  name: "molecule",
  Card: ({ record, size }) => <UnknownCard record={record as never} size={size} />,
  aspect: () => null,
  facts: () => [],
};
