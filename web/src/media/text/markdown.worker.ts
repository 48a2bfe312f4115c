/** Turns Markdown into HTML away from the page, which stays usable while hostile text is slow to parse. */
import MarkdownIt from "markdown-it";

export interface MarkdownJob {
  id: number;
  text: string;
}

export interface MarkdownDone {
  id: number;
  html: string;
}

const markdown = new MarkdownIt({ html: false, linkify: false, breaks: false, typographer: false });
markdown.validateLink = (url) => /^(?:https?:|mailto:|#)/i.test(url.trim());

// A picture of another site would tell that site who reads; it is a link instead.
markdown.renderer.rules["image"] = (tokens, at) => {
  const token = tokens[at];
  const source = String(token?.attrGet("src") ?? "");
  const words = token?.content ?? "";
  return `<a href="${markdown.utils.escapeHtml(source)}">picture: ${markdown.utils.escapeHtml(words === "" ? source : words)}</a>`;
};

// A style attribute is against the policy of the page; columns are aligned by an attribute of their own.
for (const rule of ["th_open", "td_open"] as const) {
  markdown.renderer.rules[rule] = (tokens, at) => {
    const side = /text-align:\s*(left|center|right)/.exec(String(tokens[at]?.attrGet("style") ?? ""))?.[1];
    return `<${rule.slice(0, 2)}${side ? ` align="${side}"` : ""}>`;
  };
}

self.onmessage = ({ data }: MessageEvent<MarkdownJob>): void => {
  const done: MarkdownDone = { id: data.id, html: markdown.render(data.text) };
  self.postMessage(done);
};
