/** A figure of another library, drawn in a frame that can't reach anything; around it the words when it is not. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { base } from "@/api/base";
import { type FigureMessage, readReply } from "@/lib/frames/protocol";
import { formatBytes } from "@/lib/text/format";
import { savePng } from "@/media/figure/save";
import { figureTexts } from "@/media/figure/texts";
import { figureTheme } from "@/media/figure/theme";
import { Button, IconButton } from "@/parts/Button";
import { useRecovery } from "@/parts/useRecovery";
import { Icon } from "@/parts/Icon";
import { SandboxFrame } from "@/parts/SandboxFrame";
import { showToast } from "@/state/page/toasts";
import "@/media/figure/figure.css";

export interface FigureFrameProps {
  frame: "plotly" | "bokeh" | "vega";
  /** Names the figure: another key is another figure. */
  figureKey: string;
  load: () => Promise<string>;
  sizeBytes: number;
  mode?: string;
  /** The accessible name. */
  title: string;
  fileName: string;
  /** It is stopped when it is not drawn by then. */
  limitSecs: number;
  /** What is known beforehand and should be said. */
  notes?: readonly string[];
  hasTools?: boolean;
}

const ASK_FROM_BYTES = 24 * 1024 * 1024;
const PATIENT_SECS = 120;

type State = { is: "waiting" } | { is: "drawing" } | { is: "drawn" } | { is: "failed"; reason: string } | { is: "late" };

export function FigureFrame(props: FigureFrameProps): JSX.Element {
  const { frame, figureKey, title, sizeBytes } = props;
  const [state, setState] = useState<State>({ is: "waiting" });
  const [said, setSaid] = useState<{ key: string; notes: string[]; blocked: string[] }>({ key: "", notes: [], blocked: [] });
  const [pngs, setPngs] = useState(0);
  const [isWanted, setWanted] = useState(sizeBytes < ASK_FROM_BYTES);
  const [limitSecs, setLimitSecs] = useState(props.limitSecs);
  const [attempt, setAttempt] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const asked = useRef(0);
  const place = useRef<HTMLDivElement>(null);
  const before = useRef<{ key: string; text: string } | null>(null);
  const theme = figureTheme();
  const loaded = isWanted ? figureTexts.of(figureKey, sizeBytes, props.load).value : null;
  // While the next figure is on its way, the one before stays.
  if (loaded?.is === "ready" && before.current?.key !== figureKey) before.current = { key: figureKey, text: loaded.text };
  const text = loaded?.is === "failed" ? null : before.current;

  useEffect(() => () => clearTimeout(timer.current), []);

  const message = useMemo<FigureMessage | undefined>(
    () => (text ? { type: "figure", key: text.key, text: text.text, mode: props.mode ?? "", theme, pngs } : undefined),
    [text, props.mode, JSON.stringify(theme), pngs],
  );
  const watch = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      // Scrolled out of sight it does not run, and is not late.
      if (place.current?.querySelector("iframe")) setState({ is: "late" });
    }, limitSecs * 1_000);
  };
  // Every new figure gets its time; the first one from when the frame is ready, which loads a library.
  useLayoutEffect(() => {
    if (state.is === "drawn" || state.is === "drawing" || state.is === "failed") {
      setState({ is: "drawing" });
      watch();
    }
  }, [text?.key]);

  const hear = (data: unknown): void => {
    const reply = readReply(data);
    if (!reply) return;
    if (reply.type === "ready") {
      setState({ is: "drawing" });
      watch();
    } else if (reply.type === "drawn" && reply.key === text?.key) {
      clearTimeout(timer.current);
      setState({ is: "drawn" });
      setSaid((old) => ({ key: reply.key, notes: reply.notes, blocked: old.key === reply.key ? old.blocked : [] }));
    } else if (reply.type === "failed" && reply.key === text?.key) {
      clearTimeout(timer.current);
      setState({ is: "failed", reason: reply.reason });
    } else if (reply.type === "blocked") {
      setSaid((old) => (old.blocked.length < 5 ? { ...old, blocked: [...old.blocked, reply.what] } : old));
    } else if (reply.type === "png" && asked.current > 0) {
      asked.current -= 1; // a frame may not save files by itself
      savePng(new Blob([reply.data], { type: "image/png" }), props.fileName);
    } else if (reply.type === "no-png") {
      showToast(`No picture could be made: ${reply.reason}`, { tone: "error" });
    }
  };
  const again = (secs: number): void => {
    setLimitSecs(secs);
    setState({ is: "waiting" });
    setAttempt(attempt + 1);
  };

  const retry = (): void => figureTexts.retry(figureKey, props.load);
  useRecovery(loaded?.is === "failed" ? retry : undefined);

  if (!isWanted) {
    return (
      <div class="figure figure-words">
        <span>This figure is large ({formatBytes(sizeBytes)}).</span>
        <Button icon="play" onClick={() => setWanted(true)}>Draw it</Button>
      </div>
    );
  }
  if (loaded?.is === "failed") {
    return (
      <div class="figure figure-words figure-failed" role="alert">
        <span>{loaded.error.message} {loaded.error.hint}</span>
        <Button look="plain" icon="reset" onClick={retry}>Try again</Button>
      </div>
    );
  }
  if (state.is === "late") {
    return (
      <div class="figure figure-words figure-failed" role="alert">
        <span>It was stopped: it was not drawn within {limitSecs} s.</span>
        <Button look="plain" icon="reset" onClick={() => again(PATIENT_SECS)}>Give it {PATIENT_SECS / 60} minutes</Button>
      </div>
    );
  }
  const notes = [
    ...(props.notes ?? []),
    ...said.notes,
    ...(said.blocked.length > 0 ? [`Not loaded from outside: ${said.blocked.join(", ")}`] : []),
  ];
  return (
    <div ref={place} class="figure" aria-busy={state.is !== "drawn" && state.is !== "failed"}>
      {text && (
        <SandboxFrame
          key={attempt}
          src={`${base}frames/${frame}.html`}
          title={title}
          message={message}
          onMessage={hear}
          onFail={() => clearTimeout(timer.current)}
        />
      )}
      {!text && <div class="figure-words figure-over">loading</div>}
      {state.is === "failed" && (
        <div class="figure-words figure-failed figure-over" role="alert">
          <Icon name="warning" size={16} />
          <span>It can't be drawn: {state.reason}</span>
        </div>
      )}
      {props.hasTools !== false && state.is === "drawn" && (
        <div class="figure-tools">
          <IconButton
            icon="download"
            label="Save as PNG"
            size={14}
            onClick={() => {
              asked.current += 1;
              setPngs(pngs + 1);
            }}
          />
        </div>
      )}
      {notes.length > 0 && state.is === "drawn" && <NoteMark notes={notes} />}
    </div>
  );
}

/** What is not as it was logged, in a corner; its text on hover and for screen readers. */
export function NoteMark({ notes }: { notes: readonly string[] }): JSX.Element {
  return (
    <span class="figure-note truncate" role="note" title={notes.join("\n")}>
      <Icon name="info" size={12} /> {notes[0]}{notes.length > 1 ? ` (+${notes.length - 1})` : ""}
    </span>
  );
}
