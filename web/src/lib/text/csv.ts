/** One field of a CSV file. */

/** Quoted where needed; a text that a spreadsheet would take for a formula is made plain text with an apostrophe. */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
