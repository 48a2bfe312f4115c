/** Hands a picture to the browser's downloads. */
import { saveBlob } from "@/lib/browser/saving";

export function savePng(blob: Blob, name: string): void {
  saveBlob(`${name.replace(/[^\p{L}\p{N}._ -]+/gu, "_").slice(0, 80) || "figure"}.png`, blob);
}
