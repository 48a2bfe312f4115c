/** Where the panels are scrolled to outlives a reload: the panel at the top, and how far it is scrolled by. */
import { useEffect, useRef } from "preact/hooks";
import { cancelFrame, requestFrame } from "@/lib/browser/animationFrame";

const REST_MS = 150;
/** Panels above the one that is looked for take their height within this time. */
const SETTLE_MS = 1500;

function storageOf(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null; // forbidden by the browser's settings
  }
}

/** `page` holds elements with data-panel; `isReady`: they are there. */
export function useKeptScroll(page: { current: HTMLElement | null }, place: unknown, isReady: boolean): void {
  const name = `diorama:scroll:${JSON.stringify(place)}`;
  const isRestored = useRef("");
  useEffect(() => {
    const element = page.current;
    if (!element || !isReady) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stopRestoring = isRestored.current === name ? () => undefined : restore(element, storageOf()?.getItem(name) ?? "");
    isRestored.current = name;
    const keep = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => storageOf()?.setItem(name, placeIn(element)), REST_MS);
    };
    element.addEventListener("scroll", keep, { passive: true });
    for (const type of ["wheel", "pointerdown", "keydown"]) element.addEventListener(type, stopRestoring, { passive: true });
    return () => {
      clearTimeout(timer);
      stopRestoring();
      element.removeEventListener("scroll", keep);
      for (const type of ["wheel", "pointerdown", "keydown"]) element.removeEventListener(type, stopRestoring);
    };
  }, [name, isReady]);
}

function placeIn(element: HTMLElement): string {
  const top = element.getBoundingClientRect().top;
  for (const panel of element.querySelectorAll<HTMLElement>("[data-panel]")) {
    const box = panel.getBoundingClientRect();
    if (box.bottom > top) return element.scrollTop === 0 ? "" : JSON.stringify([panel.dataset["panel"] ?? "", Math.round(top - box.top)]);
  }
  return "";
}

/** Scroll there, again while panels above grow to their height, until somebody scrolls. Returns the way to stop. */
function restore(element: HTMLElement, text: string): () => void {
  const [name, offset] = parsePlace(text);
  if (name === undefined) return () => undefined;
  const until = performance.now() + SETTLE_MS;
  const scroll = (): void => {
    const panel = [...element.querySelectorAll<HTMLElement>("[data-panel]")].find((one) => one.dataset["panel"] === name);
    if (panel) {
      const by = panel.getBoundingClientRect().top - element.getBoundingClientRect().top + offset;
      if (Math.abs(by) >= 1) element.scrollTop += by;
    }
    if (performance.now() < until) requestFrame(scroll);
  };
  scroll();
  return () => cancelFrame(scroll);
}

function parsePlace(text: string): [string | undefined, number] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && typeof parsed[0] === "string" && typeof parsed[1] === "number") return [parsed[0], parsed[1]];
  } catch {
    // nothing was kept
  }
  return [undefined, 0];
}
