import { signal } from "@preact/signals";
import { beforeEach, expect, it, vi } from "vitest";
import { isLive, listenTo, onLive, startLive, whenListening } from "@/state/server/live";

interface Opened {
  project: string | null;
  isOver: () => boolean;
  say: (text: string) => void;
}

const { opened } = vi.hoisted(() => ({ opened: [] as Opened[] }));

vi.mock("@/state/server/source", () => ({
  source: {
    request: (_method: string, path: string, _body: unknown, { signal: stop }: { signal: AbortSignal }) => {
      let say: (text: string) => void = () => undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          say = (text) => controller.enqueue(new TextEncoder().encode(text));
          stop.addEventListener("abort", () => controller.error(new DOMException("", "AbortError")));
        },
      });
      opened.push({ project: new URLSearchParams(path.split("?")[1]).get("project"), isOver: () => stop.aborted, say });
      return Promise.resolve({ body });
    },
  },
}));

vi.stubGlobal("document", { visibilityState: "visible", addEventListener: () => undefined });
startLive();

beforeEach(() => void opened.splice(0));

const open = (): (string | null)[] => opened.filter(({ isOver }) => !isOver()).map(({ project }) => project);

it("has one stream for each project that somebody listens to, for as long as anybody does", async () => {
  const place = signal<string | null>("me/p");
  const stops = [listenTo(place), listenTo(signal("me/q")), listenTo(signal("me/q")), listenTo(signal(null))];
  await vi.waitFor(() => expect(open()).toEqual(["me/p", "me/q"]));
  stops[1]?.();
  expect(open()).toEqual(["me/p", "me/q"]);
  place.value = "me/r";
  await vi.waitFor(() => expect(open()).toEqual(["me/q", "me/r"]));
  for (const stop of stops) stop();
  await vi.waitFor(() => expect(open()).toEqual([]));
  expect(isLive.value).toBe("off");
});

it("says which project's stream told what, and waits for the stream of the project that is asked for", async () => {
  const heard: unknown[] = [];
  const stops = [listenTo(signal("me/p")), listenTo(signal("me/q")), onLive(({ version }, project) => heard.push([project, version]))];
  await vi.waitFor(() => expect(open()).toHaveLength(2));
  let hasBegun = false;
  const begun = whenListening("me/q").then(() => (hasBegun = true));
  opened[0]?.say('id: 1\ndata: {"version":1,"runs":[]}\n\n');
  await vi.waitFor(() => expect(heard).toEqual([["me/p", 1]]));
  expect(hasBegun).toBe(false);
  opened[1]?.say('id: 2\ndata: {"version":2,"runs":[]}\n\n');
  await begun;
  expect(heard).toEqual([["me/p", 1], ["me/q", 2]]);
  expect(isLive.value).toBe("live");
  for (const stop of stops) stop();
});
