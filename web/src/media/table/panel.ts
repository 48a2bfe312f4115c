/** The panel that a table stands in, for the settings of its rows; null where it stands in none of its own, such as the full view. */
import { createContext } from "preact";
import type { PanelRef } from "@/state/page/panelSettings";
import type { TableSettings } from "@/state/tables/settings";

export const TablePanel = createContext<PanelRef<TableSettings> | null>(null);
