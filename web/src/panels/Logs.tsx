/** What the run printed: any number of lines, searched on the server, following the end while the run goes on. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ConsoleLineView, RunView } from "@/api/schema";
import { copyText } from "@/lib/browser/clipboard";
import { safeFileName, saveText } from "@/lib/browser/saving";
import { type AnsiSpan, ansiSpans, plainText } from "@/lib/text/ansi";
import { formatClock, formatCount, formatDate } from "@/lib/text/format";
import { Button, IconButton } from "@/parts/Button";
import { EmptyState, ErrorState, Skeleton } from "@/parts/States";
import { TextField } from "@/parts/TextField";
import { Toggle } from "@/parts/Toggle";
import { VirtualList, type VirtualListHandle } from "@/parts/VirtualList";
import { openConsole } from "@/state/runs/console";
import { showToast } from "@/state/page/toasts";
import { hasLogTimes, isLogWrapped } from "@/state/page/layout";
import { useScope } from "@/state/scope";
import "@/panels/logs.css";

const LINE_PX = 18;
const TYPING_MS = 200;
const NUMBER_PX = 64;
const TIME_PX = 72;
const EDGE_PX = 24;

export function Logs({ run }: { run: RunView }): JSX.Element {
  const { source } = useScope();
  const lines = useMemo(() => openConsole(source, run.uid), [run.uid]);
  useEffect(() => () => lines.close(), [lines]);
  const isFollowing = useSignal(run.state === "running");
  const list = useRef<VirtualListHandle | null>(null);
  const [columns, setColumns] = useState(0);
  const count = lines.matched.value;
  const state = lines.state.value;

  useLayoutEffect(() => {
    if (isFollowing.value) list.current?.toEnd();
  }, [count, isFollowing.value, lines.version.value]);

  const box = useRef<HTMLDivElement>(null);
  const hasTimes = hasLogTimes.value;
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => {
      const room = element.clientWidth - NUMBER_PX - (hasTimes ? TIME_PX : 0) - EDGE_PX;
      setColumns(Math.max(20, Math.floor(room / monoWidth(element))));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [hasTimes]);

  const version = lines.version.value;
  const isWrapped = isLogWrapped.value;
  const rowHeight = useMemo(() => {
    if (!isWrapped || columns === 0) return LINE_PX;
    return (index: number): number => LINE_PX * rowsOf(lines.lineAt(index)?.text ?? "", columns);
  }, [isWrapped, columns, lines, version]); // version: lines that came in have other heights
  const onRange = useCallback((first: number, last: number) => lines.ensure(first, last), [lines]);

  return (
    <main class="logs" aria-label="Logs">
      <LogTools run={run} lines={lines} isFollowing={isFollowing.value} onFollow={(isOn) => (isFollowing.value = isOn)} />
      <div ref={box} class="logs-box">
        {state.is === "failed" ? (
          <ErrorState title="The log could not be loaded" error={state.error} onRetry={lines.reload} />
        ) : state.is === "loading" ? (
          <div
            class="logs-skeleton"
            aria-busy="true"
          >
            {Array.from({ length: 12 }, (_, index) => <Skeleton key={index} width={`${30 + ((index * 37) % 50)}%`} />)}
          </div>
        ) : count === 0 ? (
          lines.total.value > 0 ? (
            <EmptyState
              icon="search"
              title={<>No line holds <code>{lines.query.value}</code></>}
              action={<Button onClick={() => lines.search("")}>Clear the search</Button>}
            >
              {formatCount(lines.total.value, "line")} {lines.total.value === 1 ? "is" : "are"} hidden by it.
            </EmptyState>
          ) : (
            <EmptyState title={run.state === "running" ? "Nothing was printed yet" : "Nothing was printed"} />
          )
        ) : (
          <VirtualList
            class="logs-list"
            role="log"
            label="Console lines"
            count={count}
            rowHeight={rowHeight}
            onRange={onRange}
            handle={list}
            onScroll={(isAtEnd) => {
              if (!isAtEnd) isFollowing.value = false;
              else if (run.state === "running") isFollowing.value = true;
            }}
            renderRow={(index) => <LogLine line={lines.lineAt(index)} hasTime={hasTimes} query={lines.query.value} isWrapped={isWrapped} />}
          />
        )}
      </div>
    </main>
  );
}

interface LogToolsProps {
  run: RunView;
  lines: ReturnType<typeof openConsole>;
  isFollowing: boolean;
  onFollow: (isOn: boolean) => void;
}

function LogTools({ run, lines, isFollowing, onFollow }: LogToolsProps): JSX.Element {
  const typed = useSignal(lines.query.value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    typed.value = lines.query.value;
  }, [lines.query.value, typed]);
  const textOf = async (): Promise<string> => (await lines.allLines()).map((line) => `${plainText(line.text)}\n`).join("");
  const orToast = (work: Promise<void>): void => {
    work.catch((thrown: unknown) => showToast(`The log could not be read: ${String(thrown)}`, { tone: "error" }));
  };
  return (
    <div class="logs-tools">
      <div class="logs-search">
        <TextField
          label="Search the log"
          placeholder="Search lines"
          icon="search"
          hasClear
          value={typed.value}
          onInput={(text) => {
            typed.value = text;
            clearTimeout(timer.current);
            timer.current = setTimeout(() => lines.search(text), text === "" ? 0 : TYPING_MS);
          }}
        />
      </div>
      <span class="logs-count" role="status">
        {lines.query.value !== "" && `${lines.matched.value.toLocaleString("en-US")} of `}
        {formatCount(lines.total.value, "line")}
      </span>
      <div class="top-space" />
      <Toggle label="Times" isOn={hasLogTimes.value} onChange={(isOn) => (hasLogTimes.value = isOn)} />
      <Toggle label="Wrap" isOn={isLogWrapped.value} onChange={(isOn) => (isLogWrapped.value = isOn)} />
      <Toggle label="Follow" title="Keep the newest line in sight" isOn={isFollowing} onChange={onFollow} />
      <IconButton
        icon="copy"
        label="Copy all shown lines"
        onClick={() => orToast(textOf().then(copyText).then((isDone) => showToast(isDone
          ? "The log was copied."
          : "The browser did not allow copying.")))}
      />
      <IconButton
        icon="download"
        label="Save as a text file"
        onClick={() => orToast(textOf().then((text) => saveText(`${safeFileName(run.name)}.log`, text)))}
      />
    </div>
  );
}

function LogLine({
  line,
  hasTime,
  query,
  isWrapped,
}: {
  line: ConsoleLineView | undefined;
  hasTime: boolean;
  query: string;
  isWrapped: boolean;
}): JSX.Element {
  if (!line) {
    return (
      <div class="log-line">
        <span class="log-number">…</span>
      </div>
    );
  }
  return (
    <div class={`log-line${line.stream === "stderr" ? " log-stderr" : ""}${isWrapped ? " log-wrapped" : ""}`}>
      <span class="log-number">{line.number}</span>
      {hasTime && (
        <span class="log-time" title={formatDate(line.time)}>
          {formatClock(line.time)}
        </span>
      )}
      <span class="log-text">
        {ansiSpans(line.text).map((span, index) => (
          <Span key={index} span={span} query={query} />
        ))}
      </span>
    </div>
  );
}

function Span({ span, query }: { span: AnsiSpan; query: string }): JSX.Element {
  const names = [
    span.fg === undefined ? "" : `ansi-fg-${span.fg}`,
    span.bg === undefined ? "" : `ansi-bg-${span.bg}`,
    span.isBold ? "ansi-bold" : "",
    span.isDim ? "ansi-dim" : "",
    span.isItalic ? "ansi-italic" : "",
    span.isUnderlined ? "ansi-underlined" : "",
  ].filter(Boolean);
  const style = { ...(span.fgColor ? { color: span.fgColor } : {}), ...(span.bgColor ? { background: span.bgColor } : {}) };
  return <span class={names.length > 0 ? names.join(" ") : undefined} style={style}>{marked(span.text, query)}</span>;
}

/** The text with what was searched for set off. */
function marked(text: string, query: string): (string | JSX.Element)[] {
  if (query === "") return [text];
  const pieces: (string | JSX.Element)[] = [];
  const lower = text.toLowerCase();
  const wanted = query.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    pieces.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + wanted.length)}</mark>);
    from = at + wanted.length;
  }
  return [...pieces, text.slice(from)];
}

/** How many rows a line takes in so many columns; wide characters (CJK, emoji) take two. */
function rowsOf(text: string, columns: number): number {
  if (text.length * 2 <= columns) return 1;
  let width = 0;
  for (const letter of plainText(text)) width += (letter.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return Math.max(1, Math.ceil(width / columns));
}

function monoWidth(element: HTMLElement): number {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 7.3;
  context.font = `12px ${getComputedStyle(element).getPropertyValue("--mono")}`;
  return context.measureText("0".repeat(100)).width / 100;
}
