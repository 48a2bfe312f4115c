/**
 * What happens on the server while we look: one stream of server-sent events for each project that somebody on the page
 * listens to, however many do.
 *
 * Read with fetch rather than EventSource, so that a reconnect can say which event was the last (nothing is
 * missed), a 401 is seen as such, and the waiting time grows. A tab in the background stops listening and catches up.
 */
import { type ReadonlySignal, type Signal, batch, computed, effect, signal, untracked } from "@preact/signals";
import { ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import { noteDown, onDown, onRecovery } from "@/api/recovery";
import type { LiveEvent } from "@/api/schema";

export type LiveState = "off" | "connecting" | "live" | "reconnecting" | "paused";

/** The streams that are open or wanted, by "entity/project". */
const states: Signal<ReadonlyMap<string, LiveState>> = signal(new Map());
const WORST_FIRST: readonly LiveState[] = ["reconnecting", "connecting", "paused", "live"];
/** The connection as the chip shows it: of several streams the worst. */
export const isLive: ReadonlySignal<LiveState> = computed(() => {
  const all = new Set(states.value.values());
  return WORST_FIRST.find((state) => all.has(state)) ?? "off";
});
/** Paused by the person (the chip), not by a hidden tab. */
export const isPausedByHand = signal(false);
/** Steps that arrived in the last seconds: the "+3 steps" of the chip. */
export const newSteps = signal(0);

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 15_000;
const NEW_STEPS_SHOWN_MS = 4_000;
const HIDDEN_GRACE_MS = 3_000;
/** The server says something every 15 s at least: longer silence is a dead connection that nobody closed. */
const SILENCE_MS = 40_000;

/** The projects whose stream has begun. */
const begun: Signal<ReadonlySet<string>> = signal(new Set());
/** What those who listen want to hear of. */
const wanted: Signal<readonly ReadonlySignal<string | null>[]> = signal([]);
const LONGEST_WAIT_FOR_STREAM_MS = 1_000;

/**
 * Resolves when the project's stream has begun: what is fetched after that misses no change. A stream that can't be
 * had (too many pages, a tab in the background) does not hold up the page for long.
 */
export function whenListening(project: string): Promise<void> {
  return new Promise((resolve) => {
    let stop = (): void => undefined;
    const timer = setTimeout(() => stop(), LONGEST_WAIT_FOR_STREAM_MS);
    const off = effect(() => {
      const state = states.value.get(project);
      if (begun.value.has(project) || state === "paused" || state === "reconnecting") queueMicrotask(() => stop());
    });
    stop = () => {
      clearTimeout(timer);
      off();
      resolve();
    };
  });
}

const versions = new Map<number, Signal<number>>();
/** `project` is the one whose stream told it; null: it may be any. */
export type LiveListener = (event: LiveEvent, project: string | null) => void;

const listeners = new Set<LiveListener>();
const lastSteps = new Map<number, number>();
let newStepsTimer: ReturnType<typeof setTimeout> | undefined;

/** Grows whenever the run has new data; reading it in an effect or a component subscribes to that. */
export function dataVersion(uid: number): number {
  return versionSignal(uid).value;
}

/** Have the stream of a project ("entity/project"; null for none) open, whichever it is at the time. Returns the way to stop. */
export function listenTo(project: ReadonlySignal<string | null>): () => void {
  wanted.value = [...wanted.peek(), project];
  return () => (wanted.value = wanted.peek().filter((one) => one !== project));
}

/** Hear every event of all streams. Returns the way to stop. */
export function onLive(listener: LiveListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function versionSignal(uid: number): Signal<number> {
  let found = versions.get(uid);
  if (!found) versions.set(uid, (found = signal(0)));
  return found;
}

/** Take in one event: also the way in for tests. */
export function receive(event: LiveEvent, project: string | null = null): void {
  let steps = 0;
  for (const run of event.runs) {
    const counter = versionSignal(run.uid);
    counter.value = Math.max(event.version, counter.peek() + 1);
    const before = lastSteps.get(run.uid);
    if (run.last_step !== null) {
      if (before !== undefined && run.last_step > before) steps += run.last_step - before;
      lastSteps.set(run.uid, run.last_step);
    }
  }
  for (const uid of event.deleted ?? []) lastSteps.delete(uid);
  if (steps > 0) {
    newSteps.value = newSteps.peek() + steps;
    clearTimeout(newStepsTimer);
    newStepsTimer = setTimeout(() => (newSteps.value = 0), NEW_STEPS_SHOWN_MS);
  }
  for (const listener of [...listeners]) listener(event, project);
}

interface Stream {
  lastEventId: string | null;
  /** While it is open. */
  stop?: (() => void) | undefined;
}

/** Follow the projects that somebody listens to, for as long as the page lives. */
export function startLive(): void {
  const isHidden = signal(document.visibilityState === "hidden");
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.visibilityState === "hidden") hiddenTimer = setTimeout(() => (isHidden.value = true), HIDDEN_GRACE_MS);
    else isHidden.value = false;
  });
  const streams = new Map<string, Stream>();
  effect(() => {
    const projects = new Set(wanted.value.flatMap(({ value }) => value ?? []));
    const isPaused = isPausedByHand.value || isHidden.value;
    untracked(() => {
      for (const [project, stream] of streams) {
        if (projects.has(project) && !isPaused) continue;
        stream.stop?.();
        stream.stop = undefined;
        setState(project, null);
        if (!projects.has(project)) streams.delete(project);
      }
      for (const project of projects) {
        let stream = streams.get(project);
        if (!stream) streams.set(project, (stream = { lastEventId: null }));
        if (isPaused) setState(project, "paused");
        else stream.stop ??= follow(project, stream);
      }
    });
  });
}

/** null: there is no stream of it any more. */
function setState(project: string, state: LiveState | null): void {
  batch(() => {
    if (states.peek().get(project) !== (state ?? undefined)) {
      const next = new Map(states.peek());
      if (state === null) next.delete(project);
      else next.set(project, state);
      states.value = next;
    }
    if (state !== null || !begun.peek().has(project)) return;
    begun.value = new Set([...begun.peek()].filter((one) => one !== project));
  });
}

/** Listen until told to stop, reconnecting with growing waits. */
function follow(project: string, stream: Stream): () => void {
  let abort = new AbortController();
  let isStopped = false;
  let hurry = (): void => undefined;
  // Another request may find out first that the server is gone, and that it is back.
  const stops = [
    onDown(() => {
      setState(project, "reconnecting");
      abort.abort();
    }),
    onRecovery(() => hurry()),
  ];
  void (async () => {
    let wait = BACKOFF_FIRST_MS;
    setState(project, "connecting");
    while (!isStopped) {
      abort = new AbortController();
      let hasAnswered = false;
      try {
        await listen(project, stream.lastEventId, abort.signal, (id, event) => {
          if (isStopped || abort.signal.aborted) return;
          wait = BACKOFF_FIRST_MS;
          setState(project, "live");
          if (id !== null) stream.lastEventId = id;
          if (event) {
            if (!begun.peek().has(project)) begun.value = new Set([...begun.peek(), project]);
            receive(event, project);
          }
        });
      } catch (thrown) {
        if (isStopped) return;
        const { status } = apiErrorFrom(thrown);
        if (status === 401) {
          setState(project, "off");
          return;
        }
        hasAnswered = status !== 0;
      }
      if (isStopped) return;
      // The stream fell silent or was cut: what was asked for at that time may have failed as well.
      if (!hasAnswered) noteDown();
      setState(project, "reconnecting");
      await new Promise<void>((resolve) => {
        hurry = resolve;
        setTimeout(resolve, wait * (0.75 + Math.random() / 2));
      });
      wait = Math.min(wait * 2, BACKOFF_MOST_MS);
    }
  })();
  return () => {
    isStopped = true;
    for (const stop of stops) stop();
    abort.abort();
  };
}

async function listen(
  project: string,
  lastId: string | null,
  signalToStop: AbortSignal,
  onMessage: (id: string | null, event: LiveEvent | null) => void,
): Promise<void> {
  const since = lastId === null ? "" : `&since=${encodeURIComponent(lastId)}`;
  const response = await source.request("GET", `api/live?project=${encodeURIComponent(project)}${since}`, undefined, {
    signal: signalToStop,
    ...(lastId === null ? {} : { headers: { "Last-Event-ID": lastId } }),
  });
  if (!response.body) throw new ApiError("network", "The server sent no stream.", "", response.status);
  onMessage(null, null);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = sseParser((message) => {
    onMessage(message.id, message.data === "" ? null : (JSON.parse(message.data) as LiveEvent));
  });
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), SILENCE_MS)));
    const piece = await Promise.race([reader.read(), silence]);
    clearTimeout(timer);
    if (piece === null) {
      await reader.cancel();
      return;
    }
    if (piece.done) return;
    parse(piece.value);
  }
}

export interface SseMessage {
  id: string | null;
  data: string;
}

/** Feed it pieces of text as they come; it calls back for each whole message, comments left out. */
export function sseParser(onMessage: (message: SseMessage) => void): (piece: string) => void {
  let rest = "";
  let id: string | null = null;
  let data: string[] = [];
  return (piece) => {
    rest += piece;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0 || id !== null) onMessage({ id, data: data.join("\n") });
        id = null;
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") data.push(text);
      else if (field === "id") id = text;
    }
  };
}
