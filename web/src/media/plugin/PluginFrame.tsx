/** A plugin's view in a frame that can't reach anything; around it the words when it does not draw. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { base } from "@/api/base";
import type { PluginRecord } from "@/api/schema";
import { readReply } from "@/lib/frames/protocol";
import { formatBytes } from "@/lib/text/format";
import { NoteMark } from "@/media/figure/FigureFrame";
import { figureTheme } from "@/media/figure/theme";
import { retryCode, viewCode } from "@/media/plugin/installed";
import type { PluginMessage } from "@/media/plugin/protocol";
import { Button } from "@/parts/Button";
import { Icon } from "@/parts/Icon";
import { SandboxFrame } from "@/parts/SandboxFrame";
import { blobBytes, retryBlob } from "@/state/contents/blobs";
import "@/media/figure/figure.css";

export interface PluginFrameProps {
  record: PluginRecord;
  size: "cell" | "full";
  /** SHA-256 of the module. */
  view: string;
  /** The accessible name. */
  title: string;
}

const ASK_FROM_BYTES = 24 * 1024 * 1024;
const LIMIT_SECS = 20;

type State = { is: "waiting" } | { is: "drawn" } | { is: "failed"; reason: string } | { is: "late" };

export function PluginFrame(props: PluginFrameProps): JSX.Element {
  const { record, size, view, title } = props;
  const blobs = Object.entries(record.blobs ?? {});
  const sizeBytes = blobs.reduce((sum, [, blob]) => sum + blob.size_bytes, 0);
  const [isWanted, setWanted] = useState(sizeBytes < ASK_FROM_BYTES);
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<State>({ is: "waiting" });
  const [blocked, setBlocked] = useState<string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const place = useRef<HTMLDivElement>(null);
  const last = useRef<PluginMessage | undefined>(undefined);
  const theme = figureTheme();
  const code = isWanted ? viewCode(view).value : null;
  const parts = isWanted ? blobs.map(([name, blob]) => ({ name, bytes: blobBytes(blob).value })) : [];
  const key = JSON.stringify([view, size, theme, record]);

  useEffect(() => () => clearTimeout(timer.current), []);

  const isReady = code?.is === "ready" && parts.every(({ bytes }) => bytes.is === "ready");
  const message = useMemo<PluginMessage | undefined>(() => {
    // While the next content is on its way, the one before stays.
    if (!isReady) return last.current;
    const bytesOf = Object.fromEntries(parts.flatMap(({ name, bytes }) => (bytes.is === "ready" ? [[name, bytes.value]] : [])));
    last.current = { type: "plugin", key, view, code: code.text, content: { record, blobs: bytesOf, theme, size } };
    return last.current;
  }, [isReady, key]);
  // Its time begins when it is sent, not while its bytes are on their way; the first one's when the frame is ready.
  useLayoutEffect(() => {
    if (state.is === "drawn" || state.is === "failed") watch();
  }, [message]);

  const watch = (): void => {
    setState({ is: "waiting" });
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      // Scrolled out of sight it does not run, and is not late.
      if (place.current?.querySelector("iframe")) setState({ is: "late" });
    }, LIMIT_SECS * 1_000);
  };
  const hear = (data: unknown): void => {
    const reply = readReply(data);
    if (reply?.type === "ready") watch();
    else if (reply?.type === "blocked") setBlocked((old) => (old.length < 5 ? [...old, reply.what] : old));
    else if ((reply?.type === "drawn" || reply?.type === "failed") && reply.key === message?.key) {
      clearTimeout(timer.current);
      setState(reply.type === "drawn" ? { is: "drawn" } : { is: "failed", reason: reply.reason });
    }
  };

  if (!isWanted) {
    return (
      <div class="figure figure-words">
        <span>This is large ({formatBytes(sizeBytes)}).</span>
        <Button icon="play" onClick={() => setWanted(true)}>Draw it</Button>
      </div>
    );
  }
  const trouble = [code, ...parts.map(({ bytes }) => bytes)].find((one) => one?.is === "failed");
  if (trouble?.is === "failed" || state.is === "late") {
    const again = (): void => {
      retryCode(view);
      for (const [, blob] of blobs) retryBlob(blob);
      setState({ is: "waiting" });
      setAttempt(attempt + 1);
    };
    return (
      <div class="figure figure-words figure-failed" role="alert">
        <span>
          {trouble?.is === "failed"
            ? `${trouble.error.message} ${trouble.error.hint}`
            : `It was stopped: it was not drawn within ${LIMIT_SECS} s.`}
        </span>
        <Button look="plain" icon="reset" onClick={again}>Try again</Button>
      </div>
    );
  }
  return (
    <div ref={place} class="figure" aria-busy={state.is === "waiting" || message?.key !== key}>
      {message ? (
        <SandboxFrame
          key={attempt}
          src={`${base}frames/plugin.html`}
          title={title}
          message={message}
          onMessage={hear}
          onFail={() => clearTimeout(timer.current)}
        />
      ) : (
        <div class="figure-words figure-over">loading</div>
      )}
      {state.is === "failed" && (
        <div class="figure-words figure-failed figure-over" role="alert">
          <Icon name="warning" size={16} />
          <span>It can't be drawn: {state.reason}</span>
        </div>
      )}
      {blocked.length > 0 && <NoteMark notes={[`Not loaded from outside: ${blocked.join(", ")}`]} />}
    </div>
  );
}
