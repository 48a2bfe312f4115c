/**
 * A page that we do not trust, in a frame of an origin of its own: it can't reach this page, its storage or the API.
 * It runs only while it is in sight, and only a few do at once (see frameSlots).
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button } from "@/parts/Button";
import { frameSlots } from "@/parts/frameSlots";
import "@/parts/sandbox-frame.css";

export interface SandboxFrameProps {
  src: string;
  /** The accessible name: what the frame shows. */
  title: string;
  class?: string;
  /** Sent (structured clone) when the frame says {type: "ready"}, and again whenever it changes. */
  message?: unknown;
  /** What this frame said, and no other. It is data of strangers: check it. */
  onMessage?: (data: unknown) => void;
  /** It does not answer, or was stopped for talking too much. The text is for people. */
  onFail?: (reason: string) => void;
}

const MESSAGES_PER_SEC_LIMIT = 500;
const READY_WITHIN_MS = 20_000;

export function SandboxFrame(props: SandboxFrameProps): JSX.Element {
  const slot = useMemo(() => frameSlots.make(), []);
  const place = useRef<HTMLDivElement>(null);
  const [stopped, setStopped] = useState<{ src: string; reason: string } | null>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.at(-1)?.isIntersecting) slot.ask();
      else slot.leave();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      slot.leave();
    };
  }, [slot]);
  const fail = (reason: string): void => {
    slot.leave();
    setStopped({ src: props.src, reason });
    props.onFail?.(reason);
  };
  const restart = (): void => {
    setStopped(null);
    slot.insist();
  };
  const isLive = slot.isLive.value;
  return (
    <div ref={place} class={`sandbox-frame ${props.class ?? ""}`}>
      {stopped?.src === props.src ? (
        <div class="sandbox-frame-words" role="alert">
          <span>{stopped.reason}</span>
          <Button icon="reset" onClick={restart}>Load it again</Button>
        </div>
      ) : isLive ? (
        <LiveFrame key={props.src} {...props} onFail={fail} />
      ) : (
        <div class="sandbox-frame-words">
          <Button icon="play" label={`Load ${props.title}`} onClick={slot.insist}>Click to load</Button>
        </div>
      )}
    </div>
  );
}

function LiveFrame({ src, title, message, onMessage, onFail }: SandboxFrameProps & { onFail: (reason: string) => void }): JSX.Element {
  const frame = useRef<HTMLIFrameElement>(null);
  const [isLoaded, setLoaded] = useState(false);
  const isReady = useRef(false);
  const latest = useRef({ message, onMessage, onFail });
  latest.current = { message, onMessage, onFail };

  useEffect(() => {
    let said = 0;
    let since = performance.now();
    const onTalk = (event: MessageEvent): void => {
      const target = frame.current?.contentWindow;
      if (!target || event.source !== target) return;
      if (performance.now() - since > 1_000) {
        said = 0;
        since = performance.now();
      }
      said += 1;
      if (said > MESSAGES_PER_SEC_LIMIT) return latest.current.onFail("It was stopped: it sent too many messages.");
      const data: unknown = event.data;
      if (isReadySign(data)) {
        isReady.current = true;
        if (latest.current.message !== undefined) send(target, latest.current.message);
      }
      latest.current.onMessage?.(data);
    };
    addEventListener("message", onTalk);
    return () => removeEventListener("message", onTalk);
  }, []);

  useEffect(() => {
    const target = frame.current?.contentWindow;
    if (isReady.current && target && message !== undefined) send(target, message);
  }, [message]);

  const awaitsReady = message !== undefined;
  useEffect(() => {
    if (!awaitsReady) return;
    const timer = setTimeout(() => {
      if (!isReady.current) latest.current.onFail(`It did not start within ${READY_WITHIN_MS / 1_000} s.`);
    }, READY_WITHIN_MS);
    return () => clearTimeout(timer);
  }, [awaitsReady]);

  return (
    <>
      {!isLoaded && <div class="sandbox-frame-words sandbox-frame-loading">loading</div>}
      <iframe
        ref={frame}
        src={src}
        title={title}
        sandbox="allow-scripts"
        referrerpolicy="no-referrer"
        loading="lazy"
        allow=""
        onLoad={() => setLoaded(true)}
      />
    </>
  );
}

/** An opaque origin has no name, so "*"; only the frame itself hears it. */
function send(target: Window, message: unknown): void {
  target.postMessage(message, "*");
}

function isReadySign(data: unknown): boolean {
  return typeof data === "object" && data !== null && "type" in data && data.type === "ready";
}
