/**
 * Runs the view of a plugin inside its frame. The module comes as text from the page around the frame, and what it
 * draws comes with it: the frame itself reaches neither the server nor any other.
 */
import "@/frames/noNetwork";
import type { FrameReply } from "@/lib/frames/protocol";
import { type MountedView, type PluginMessage, type ViewContent, isPluginMessage } from "@/media/plugin/protocol";

type Mount = (element: HTMLElement, content: ViewContent) => unknown;

let view = "";
let mount: Mount | null = null;
let mounted: MountedView | null = null;
/** The key of what stands here whole; "" when a view failed, or is at work. */
let shown = "";
let wanted = "";
let work = Promise.resolve();

const place = document.getElementById("figure");

async function show(message: PluginMessage, element: HTMLElement): Promise<void> {
  if (message.key !== wanted) return; // another one has come since
  if (message.key === shown) {
    tell({ type: "drawn", key: message.key, notes: [] }); // it is there; every message is answered
    return;
  }
  const isWhole = shown !== "";
  shown = "";
  const { theme } = message.content;
  document.documentElement.style.colorScheme = theme.isDark ? "dark" : "light";
  document.body.style.background = theme.surface;
  document.body.style.color = theme.text;
  try {
    if (message.view !== view || !mount) await load(message, element);
    if (mounted?.update && isWhole) await mounted.update(message.content);
    else await mountAnew(message.content, element);
    shown = message.key;
    tell({ type: "drawn", key: message.key, notes: [] });
  } catch (thrown) {
    tell({ type: "failed", key: message.key, reason: reasonOf(thrown) });
  }
}

/** Imports the module. Throws what it throws. */
async function load(message: PluginMessage, element: HTMLElement): Promise<void> {
  await leave(element);
  mount = null;
  const url = URL.createObjectURL(new Blob([message.code], { type: "text/javascript" }));
  try {
    const module: unknown = await import(/* @vite-ignore */ url);
    if (typeof module !== "object" || module === null || !("mount" in module) || typeof module.mount !== "function") {
      throw new Error("Its module exports no function `mount`.");
    }
    mount = module.mount as Mount;
    view = message.view;
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function mountAnew(content: ViewContent, element: HTMLElement): Promise<void> {
  await leave(element);
  const answer = await mount?.(element, content);
  mounted = typeof answer === "object" && answer !== null ? answer : {};
}

async function leave(element: HTMLElement): Promise<void> {
  const last = mounted;
  mounted = null;
  await last?.dispose?.();
  element.replaceChildren();
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function tell(reply: FrameReply): void {
  window.parent.postMessage(reply, "*"); // only the page that the server let frame us can be there
}

if (place && window.parent !== window) {
  addEventListener("message", (event) => {
    if (event.source !== window.parent || !isPluginMessage(event.data)) return;
    const message = event.data;
    wanted = message.key;
    work = work.then(() => show(message, place));
  });
  const late = (thrown: unknown): void => tell({ type: "failed", key: wanted, reason: reasonOf(thrown) });
  addEventListener("error", ({ error, message }) => late(error ?? message));
  addEventListener("unhandledrejection", ({ reason }) => late(reason));
  const seen = new Set<string>();
  document.addEventListener("securitypolicyviolation", ({ blockedURI }) => {
    if (seen.has(blockedURI) || seen.size >= 20 || !/^https?:/.test(blockedURI)) return;
    seen.add(blockedURI);
    tell({ type: "blocked", what: blockedURI });
  });
  tell({ type: "ready" });
}
