/** What the page says to the frame of a plugin's view. The frame answers as those of figures do. */
import type { PluginRecord } from "@/api/schema";
import type { FrameTheme } from "@/lib/frames/protocol";

/** What a view is given. Part of the contract with plugins (docs/plugins.md): it only grows. */
export interface ViewContent {
  record: PluginRecord;
  /** The record's blobs, by name. */
  blobs: Record<string, Uint8Array>;
  theme: FrameTheme;
  /** "cell": a tile of a panel. "full": the centre of the page. */
  size: "cell" | "full";
}

/** What `mount(element, content)` of a view's module answers. */
export interface MountedView {
  /** Other content in the place of what is shown. Without it the view is mounted anew. */
  update?: (content: ViewContent) => unknown;
  dispose?: () => unknown;
}

export interface PluginMessage {
  type: "plugin";
  /** Names the content: the same key is drawn once. */
  key: string;
  /** Names the module: its SHA-256. */
  view: string;
  code: string;
  content: ViewContent;
}

export function isPluginMessage(data: unknown): data is PluginMessage {
  return (
    typeof data === "object" && data !== null &&
    "type" in data && data.type === "plugin" &&
    "key" in data && typeof data.key === "string" &&
    "view" in data && typeof data.view === "string" &&
    "code" in data && typeof data.code === "string" &&
    "content" in data && typeof data.content === "object" && data.content !== null
  );
}
