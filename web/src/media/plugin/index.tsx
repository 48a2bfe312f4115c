/** The kinds that plugins add, as one kind for the rest of the UI. */
import type { PluginRecord } from "@/api/schema";
import { formatBytes } from "@/lib/text/format";
import { PluginCard } from "@/media/plugin/PluginCard";
import type { View } from "@/media/view";

export const PLUGIN_VIEW: View<PluginRecord> = {
  name: "media of a plugin",
  Card: PluginCard,
  aspect: () => null,
  tile: { width: 420, height: 300 },
  facts: ({ plugin, package: from, version, blobs }) => [
    { name: "kind", value: plugin },
    ...(from ? [{ name: "plugin", value: `${from} ${version ?? ""}` }] : []),
    ...Object.entries(blobs ?? {}).map(([name, blob]) => ({
      name,
      value: formatBytes(blob.size_bytes),
      title: `sha256 ${blob.sha256}`,
    })),
  ],
};
