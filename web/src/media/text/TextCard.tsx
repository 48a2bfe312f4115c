/** A text wherever it is shown: its first words in a table cell, scrolling in a tile, with search in the full view. */
import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { TextRecord } from "@/api/schema";
import { formatBytes, formatCount } from "@/lib/text/format";
import { MarkdownView } from "@/media/text/MarkdownView";
import { TextView } from "@/media/text/TextView";
import { MATCHES_LIMIT, findMatches, firstWords } from "@/media/text/search";
import { isMarkdownRaw, isTextWrapped } from "@/media/text/settings";
import type { CardProps } from "@/media/view";
import { Button, IconButton } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { ErrorState } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { blobText, retryBlob } from "@/state/contents/blobs";
import "@/media/text/text.css";

/** More than a browser lays out well. */
const WHOLE_LIMIT_BYTES = 24 * 1024 * 1024;

export function TextCard({ record, size }: CardProps<TextRecord>): JSX.Element {
  if (size === "thumb") {
    return (
      <span class={`text-thumb${record.language ? " text-thumb-code" : ""}`} title={record.text.slice(0, 1_000)}>
        {firstWords(record.text) || " "}
      </span>
    );
  }
  return <TextReader key={record.blob?.sha256 ?? ""} record={record} isFull={size === "full"} />;
}

function TextReader({ record, isFull }: { record: TextRecord; isFull: boolean }): JSX.Element {
  const { blob } = record;
  const [isWhole, setWhole] = useState(false);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const canBeWhole = blob !== undefined && blob !== null && blob.size_bytes <= WHOLE_LIMIT_BYTES;
  const fetched = canBeWhole && (isWhole || isFull) ? blobText(blob).value : null;
  const text = fetched?.is === "ready" ? fetched.value : record.text;
  const isCut = Boolean(blob) && fetched?.is !== "ready";
  const matches = useMemo(() => findMatches(text, query), [text, query]);
  const isMarkdown = record.format === "markdown" && !isMarkdownRaw.value && query === "";
  const current = matches.length > 0 ? ((at % matches.length) + matches.length) % matches.length : -1;
  const label = record.caption ?? record.name ?? "text";
  return (
    <div class={`text-card text-${isFull ? "full" : "cell"}`} {...(isFull ? { "data-own-keys": true } : {})}>
      <div class="text-tools">
        {isFull && (
          <div class="text-search">
            <TextField
              label="Find in the text"
              placeholder="Find"
              icon="search"
              value={query}
              hasClear
              onInput={(words) => {
                setQuery(words);
                setAt(0);
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") setAt(at + (event.shiftKey ? -1 : 1));
              }}
            />
            {query !== "" && (
              <>
                <span class="text-found" role="status">
                  {matches.length === 0 ? "not found" : `${current + 1} of ${matches.length}${matches.length === MATCHES_LIMIT ? "+" : ""}`}
                </span>
                <IconButton
                  icon="chevronUp"
                  size={14}
                  label="Previous (Shift+Enter)"
                  isDisabled={matches.length === 0}
                  onClick={() => setAt(current - 1)}
                />
                <IconButton
                  icon="chevronDown"
                  size={14}
                  label="Next (Enter)"
                  isDisabled={matches.length === 0}
                  onClick={() => setAt(current + 1)}
                />
              </>
            )}
          </div>
        )}
        {isFull && <span class="text-facts">{factsLine(record)}</span>}
        {record.format === "markdown" && (
          <Button
            look="plain"
            label="As it was written, or formatted"
            isPressed={isMarkdownRaw.value}
            onClick={() => (isMarkdownRaw.value = !isMarkdownRaw.value)}
          >
            Raw
          </Button>
        )}
        {!isMarkdown && (
          <IconButton
            icon="wrap"
            size={14}
            label="Wrap long lines"
            isPressed={isTextWrapped.value}
            onClick={() => (isTextWrapped.value = !isTextWrapped.value)}
          />
        )}
        <CopyButton text={text} label={isCut ? "Copy what is shown" : "Copy the text"} />
      </div>
      {fetched?.is === "failed" && blob ? (
        <ErrorState isSmall title="The whole text could not be loaded" error={fetched.error} onRetry={() => retryBlob(blob)} />
      ) : null}
      {isMarkdown ? (
        <MarkdownView text={text} label={label} />
      ) : (
        <TextView
          text={text}
          isWrapped={isTextWrapped.value}
          hasNumbers={Boolean(record.language)}
          isMono={Boolean(record.language) || record.format === "markdown" || looksLikeCode(record)}
          matches={matches}
          current={current}
          label={label}
        />
      )}
      {isCut && blob && (
        <div class="text-more">
          <span>
            The first {record.text.length.toLocaleString("en")} of {(record.char_count ?? 0).toLocaleString("en")} characters
            {canBeWhole ? "" : `; ${formatBytes(blob.size_bytes)} are too much to be shown: download it`}
          </span>
          {canBeWhole &&
            (fetched?.is === "loading" ? (
              <span>loading</span>
            ) : (
              !isFull && (
                <Button look="plain" onClick={() => setWhole(true)}>
                  Show all
                </Button>
              )
            ))}
        </div>
      )}
    </div>
  );
}

function looksLikeCode(record: TextRecord): boolean {
  return /\.(?:log|txt|csv|tsv)$/i.test(record.name ?? "") || /^ {2,}\S|\t\S/m.test(record.text.slice(0, 4_000));
}

export function factsLine(record: TextRecord): string {
  const parts = [formatCount(record.line_count ?? 0, "line"), formatCount(record.char_count ?? 0, "character")];
  if (record.language) parts.unshift(record.language);
  return parts.join(" · ");
}
