/** What is painted on a tile. All lengths are device pixels and everything is placed by the same transform. */
import type { ImageRecord, MaskLayer } from "@/api/schema";
import type { OverlayState } from "@/lib/image/overlayState";
import type { Tone } from "@/lib/image/tone";
import type { Placement, Size } from "@/lib/image/transform";
import type { GreyImage } from "@/media/image/maskPng";
import type { ValueGrid } from "@/media/image/values";

export interface Scene {
  record: ImageRecord;
  picture: ImageBitmap | undefined;
  /** True values and how to show them, instead of the picture. */
  values?: { grid: ValueGrid; tone: Tone } | null;
  maskOf: (layer: MaskLayer) => GreyImage | undefined;
  overlays: OverlayState;
  /** Picture pixel -> device pixel of the canvas. */
  placement: Placement;
  tile: Size;
  isPixelated: boolean;
  /** Device pixels per CSS pixel. */
  ratio: number;
  /** A badge lies in the upper left corner: no label there. */
  hasBadge: boolean;
}

/** CSS pixels; on smaller tiles captions would cover the picture, and wide lines what they surround. */
export const LABELS_FROM_TILE = 260;
