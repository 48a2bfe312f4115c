/** Hand something to the browser's downloads. */

const REVOKED_AFTER_MS = 10_000;

/** Save these bytes under a name that the caller has cleaned. */
export function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  saveUrl(name, url);
  setTimeout(() => URL.revokeObjectURL(url), REVOKED_AFTER_MS);
}

export function saveText(name: string, text: string, mime = "text/plain"): void {
  saveBlob(name, new Blob([text], { type: `${mime};charset=utf-8` }));
}

/** Save what lies at an address. */
export function saveUrl(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** A name that every file system takes. */
export function safeFileName(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+/, "").slice(0, 80) || "diorama";
}
