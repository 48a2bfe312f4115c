/** Markdown, formatted. What can't be formatted is shown as it was written, and why. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { elementsFromMarkdown } from "@/media/text/markdown";
import "@/media/text/markdown.css";

export function MarkdownView({ text, label }: { text: string; label: string }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState<{ text: string; reason: string } | null>(null);
  useLayoutEffect(() => {
    let isGone = false;
    elementsFromMarkdown(text).then(
      (fragment) => {
        if (isGone) return;
        setFailure(null);
        box.current?.replaceChildren(fragment);
      },
      (thrown: unknown) => {
        if (!isGone) setFailure({ text, reason: thrown instanceof Error ? thrown.message : String(thrown) });
      },
    );
    return () => {
      isGone = true;
    };
  }, [text]);
  if (failure?.text === text) {
    return (
      <div class="markdown-view" tabIndex={0} aria-label={label}>
        <p class="text-note">{failure.reason}</p>
        <pre class="text-plain">{text}</pre>
      </div>
    );
  }
  return <div ref={box} class="markdown-view" tabIndex={0} role="document" aria-label={label} />;
}
