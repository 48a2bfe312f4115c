/** Draws Vega and Vega-Lite specifications of users inside their frame. */
import { host } from "@/frames/host";
import { type DrawnVega, drawVega } from "@/media/vega/draw";
import { readSpec } from "@/media/vega/spec";

let shown: DrawnVega | null = null;
let last: { text: string; mode: string; theme: Parameters<typeof drawVega>[2] } | null = null;
let size = "";

async function redraw(element: HTMLElement): Promise<string[]> {
  if (!last) return [];
  shown?.finish();
  shown = null;
  element.replaceChildren();
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  size = `${width}x${height}`;
  const { spec, mode, notes } = readSpec(last.text, last.mode, { width, height });
  shown = await drawVega(element, spec, last.theme, { mode, onTip: showTip });
  return [...notes, ...shown.notes];
}

host({
  draw(element, text, theme, mode) {
    last = { text, theme, mode };
    return redraw(element);
  },
  resize(element) {
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    if (`${width}x${height}` !== size) void redraw(element);
  },
  async png() {
    if (!shown) throw new Error("Nothing is drawn.");
    return shown.canvas(2);
  },
});

function showTip(lines: readonly string[] | null, x: number, y: number): void {
  let tip = document.getElementById("tip");
  if (!tip) {
    tip = document.createElement("div");
    tip.id = "tip";
    document.body.append(tip);
  }
  tip.hidden = lines === null;
  if (!lines) return;
  tip.replaceChildren(...lines.map((line) => {
    const row = document.createElement("div");
    row.textContent = line;
    return row;
  }));
  tip.style.background = document.body.style.background;
  const { clientWidth, clientHeight } = document.documentElement;
  tip.style.left = `${Math.max(0, Math.min(x + 12, clientWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(0, Math.min(y + 12, clientHeight - tip.offsetHeight - 4))}px`;
}
