/**
 * Markdown as safe elements. markdown-it leaves HTML as text and takes only links to http, https and mailto; what it
 * makes goes through DOMPurify all the same, and only the elements and attributes below come out.
 */
import type { MarkdownDone, MarkdownJob } from "@/media/text/markdown.worker";

export const MARKDOWN_LIMIT_CHARS = 500_000;
const PARSE_WITHIN_MS = 2_000;

const TAGS = [
  "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li", "pre", "code", "em", "strong", "s", "del",
  "a", "table", "thead", "tbody", "tr", "th", "td",
];
const ATTRIBUTES = ["align", "href", "start", "rel", "target", "title"];

let worker: Worker | null = null;
let lastId = 0;
const waiting = new Map<
  number,
  { resolve: (html: string) => void; reject: (reason: Error) => void; timer: ReturnType<typeof setTimeout> }
>();

/** The elements of a Markdown text. Rejects, with words for people, when it is too long or too slow to parse. */
export async function elementsFromMarkdown(text: string): Promise<DocumentFragment> {
  if (text.length > MARKDOWN_LIMIT_CHARS) throw new Error("It is too long to be formatted.");
  const [html, { default: purify }] = await Promise.all([htmlFromMarkdown(text), import("dompurify")]);
  const fragment = purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const link of fragment.querySelectorAll("a")) {
    const url = link.getAttribute("href") ?? "";
    if (!/^(?:https?:|mailto:)/i.test(url)) {
      link.removeAttribute("href");
      continue;
    }
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow ugc";
    link.title = url;
  }
  return fragment;
}

function htmlFromMarkdown(text: string): Promise<string> {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => giveUp(new Error("It takes too long to be formatted.")), PARSE_WITHIN_MS);
    waiting.set(id, { resolve, reject, timer });
    const job: MarkdownJob = { id, text };
    started().postMessage(job);
  });
}

function started(): Worker {
  if (worker) return worker;
  worker = new Worker(new URL("./markdown.worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<MarkdownDone>) => {
    const job = waiting.get(data.id);
    if (!job) return;
    waiting.delete(data.id);
    clearTimeout(job.timer);
    job.resolve(data.html);
  };
  worker.onerror = () => giveUp(new Error("It could not be formatted."));
  return worker;
}

/** A worker that hangs is ended, and with it whatever waits for it. */
function giveUp(reason: Error): void {
  worker?.terminate();
  worker = null;
  for (const job of waiting.values()) {
    clearTimeout(job.timer);
    job.reject(reason);
  }
  waiting.clear();
}
