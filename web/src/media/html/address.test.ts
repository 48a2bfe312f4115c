import { describe, expect, it } from "vitest";
import type { HtmlRecord } from "@/api/schema";
import { contentPath, safeLink } from "@/media/html/address";

const record: HtmlRecord = { kind: "html", blob: { sha256: "a".repeat(64), size_bytes: 3, mime: "text/html" } };

describe("contentPath", () => {
  it("asks for our style unless the page came without", () => {
    expect(contentPath(record, { isFramed: false, hosts: [] })).toBe(`api/content/${"a".repeat(64)}?style=1`);
    expect(contentPath({ ...record, is_styled: false }, { isFramed: false, hosts: [] })).toBe(`api/content/${"a".repeat(64)}`);
  });
  it("asks for a page without its code where none may run", () => {
    expect(contentPath(record, { isFramed: true, isStill: true, hosts: [] })).toBe(
      `api/content/${"a".repeat(64)}?style=1&framed=1&still=1`,
    );
  });
  it("names the hosts that were allowed", () => {
    expect(contentPath(record, { isFramed: true, hosts: ["cdn.example.org", "x.example:8080"] })).toContain(
      "framed=1&outside=cdn.example.org%2Cx.example%3A8080",
    );
  });
});

describe("safeLink", () => {
  it("takes http and https", () => {
    expect(safeLink({ type: "link", href: "https://example.org/a?b=1" })).toBe("https://example.org/a?b=1");
  });
  it.each([
    null, 5, "link", [], {}, { type: "link" }, { type: "link", href: 5 }, { type: "other", href: "https://example.org" },
    { type: "link", href: `${"java"}script:alert(1)` }, { type: "link", href: "data:text/html,x" }, { type: "link", href: "/api/keys" },
    { type: "link", href: `https://example.org/${"x".repeat(5_000)}` },
  ])("refuses %j", (data) => {
    expect(safeLink(data)).toBeNull();
  });
});
