/** Hands a picture to the browser's downloads. */

export function savePng(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name.replace(/[^\p{L}\p{N}._ -]+/gu, "_").slice(0, 80) || "figure"}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
