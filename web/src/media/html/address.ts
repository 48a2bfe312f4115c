/** Where a logged page is served, and what its frame may tell us. */
import type { HtmlRecord } from "@/api/schema";

export interface Address {
  /** Shown inside of this page, which is told about clicked links. */
  isFramed: boolean;
  /** As it stands before any of its code runs; for a frame in which none may. */
  isStill?: boolean;
  /** What it may load from. */
  hosts: readonly string[];
}

export function contentPath(record: HtmlRecord, { isFramed, isStill = false, hosts }: Address): string {
  const query = new URLSearchParams();
  if (record.is_styled !== false) query.set("style", "1");
  if (isFramed) query.set("framed", "1");
  if (isStill) query.set("still", "1");
  if (hosts.length > 0) query.set("outside", hosts.join(","));
  const asked = query.toString();
  return `api/content/${record.blob.sha256}${asked === "" ? "" : `?${asked}`}`;
}

/** The http(s) link that a message tells of; null for any other message, however it is made. */
export function safeLink(data: unknown): string | null {
  if (typeof data !== "object" || data === null || !("type" in data) || data.type !== "link") return null;
  if (!("href" in data) || typeof data.href !== "string" || data.href.length > 4_000) return null;
  try {
    const url = new URL(data.href);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
