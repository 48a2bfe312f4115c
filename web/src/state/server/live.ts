/**
 * What happens on the server while we look: one stream of server-sent events per project.
 *
 * Read with fetch rather than EventSource, so that a reconnect can say which event was the last (nothing is
 * missed), a 401 is seen as such, and the waiting time grows. A tab in the background stops listening and catches up.
 */
import { type ReadonlySignal, type Signal, effect, signal, untracked } from "@preact/signals";
import { ApiError, apiErrorFrom } from "@/api/errors";
import { source } from "@/state/server/source";
import { noteDown, onDown, onRecovery } from "@/api/recovery";
import type { LiveEvent } from "@/api/schema";
import { route } from "@/state/page/route";

export type LiveState = "off" | "connecting" | "live" | "reconnecting" | "paused";

const state = signal<LiveState>("off");
/** The connection as the chip shows it. */
export const isLive: ReadonlySignal<LiveState> = state;
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

/** The project whose stream has begun. */
const begun = signal<string | null>(null);
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
      if (begun.value === project || state.value === "paused" || state.value === "reconnecting") queueMicrotask(() => stop());
    });
    stop = () => {
      clearTimeout(timer);
      off();
      resolve();
    };
  });
}

const versions = new Map<number, Signal<number>>();
const listeners = new Set<(event: LiveEvent) => void>();
const lastSteps = new Map<number, number>();
let newStepsTimer: ReturnType<typeof setTimeout> | undefined;

/** Grows whenever the run has new data; reading it in an effect or a component subscribes to that. */
export function dataVersion(uid: number): number {
  return versionSignal(uid).value;
}

/** Hear every event. Returns the way to stop. */
export function onLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function versionSignal(uid: number): Signal<number> {
  let found = versions.get(uid);
  if (!found) versions.set(uid, (found = signal(0)));
  return found;
}

/** Take in one event: also the way in for tests. */
export function receive(event: LiveEvent): void {
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
  for (const listener of [...listeners]) listener(event);
}

/** Follow the project that the route names, for as long as the page lives. */
export function startLive(): void {
  const isHidden = signal(document.visibilityState === "hidden");
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.visibilityState === "hidden") hiddenTimer = setTimeout(() => (isHidden.value = true), HIDDEN_GRACE_MS);
    else isHidden.value = false;
  });
  let project: string | null = null;
  let lastEventId: string | null = null;
  let stop: (() => void) | undefined;
  effect(() => {
    const here = route.value;
    const wanted = "project" in here ? `${here.entity}/${here.project}` : null;
    const isPaused = isPausedByHand.value || isHidden.value;
    if (wanted === project && stop && !isPaused) return;
    stop?.();
    stop = undefined;
    if (wanted !== project) lastEventId = null;
    project = wanted;
    untracked(() => {
      begun.value = null;
      if (wanted === null) state.value = "off";
      else if (isPaused) state.value = "paused";
      else stop = follow(wanted, () => lastEventId, (id) => (lastEventId = id));
    });
  });
}

/** Listen until told to stop, reconnecting with growing waits. */
function follow(project: string, lastId: () => string | null, keepId: (id: string) => void): () => void {
  let abort = new AbortController();
  let isStopped = false;
  let hurry = (): void => undefined;
  // Another request may find out first that the server is gone, and that it is back.
  const stops = [
    onDown(() => {
      state.value = "reconnecting";
      abort.abort();
    }),
    onRecovery(() => hurry()),
  ];
  void (async () => {
    let wait = BACKOFF_FIRST_MS;
    state.value = "connecting";
    while (!isStopped) {
      abort = new AbortController();
      let hasAnswered = false;
      try {
        await listen(project, lastId(), abort.signal, (id, event) => {
          if (isStopped || abort.signal.aborted) return;
          wait = BACKOFF_FIRST_MS;
          state.value = "live";
          if (id !== null) keepId(id);
          if (event) {
            begun.value = project;
            receive(event);
          }
        });
      } catch (thrown) {
        if (isStopped) return;
        const { status } = apiErrorFrom(thrown);
        if (status === 401) {
          state.value = "off";
          return;
        }
        hasAnswered = status !== 0;
      }
      if (isStopped) return;
      // The stream fell silent or was cut: what was asked for at that time may have failed as well.
      if (!hasAnswered) noteDown();
      state.value = "reconnecting";
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
