// The list of all runs' values under the pointer: one element for the page, filled without rendering.

export interface TooltipRow {
  color: string;
  name: string;
  value: string;
  detail: string;
  isNearest: boolean;
}

const AWAY_PX = 16;
const EDGE_PX = 6;
/** More rows than this would cover the chart; what is left out is counted. */
const MOST_ROWS = 14;

let box: HTMLElement | null = null;
let owner: object | null = null;

/** Show rows beside the pointer (window coordinates). `by` is who shows it: only they hide it. */
export function showTooltip(by: object, place: { x: number; y: number }, title: string, rows: readonly TooltipRow[]): void {
  owner = by;
  if (!box) {
    box = document.createElement("div");
    box.className = "chart-tooltip";
    box.setAttribute("role", "tooltip");
    document.body.append(box);
  }
  const head = element("div", "chart-tooltip-title", title);
  const list = rowsAround(rows).map((row) => {
    const line = element("div", row.isNearest ? "chart-tooltip-row chart-tooltip-nearest" : "chart-tooltip-row");
    const swatch = element("span", "chart-tooltip-swatch");
    swatch.style.background = row.color;
    line.append(
      swatch,
      element("span", "chart-tooltip-name", row.name),
      element("span", "chart-tooltip-value", row.value),
      element("span", "chart-tooltip-detail", row.detail),
    );
    return line;
  });
  const hidden = rows.length - list.length;
  const rest = hidden > 0 ? [element("div", "chart-tooltip-rest", `${hidden} more run${hidden === 1 ? "" : "s"}`)] : [];
  const grid = element("div", "chart-tooltip-rows");
  grid.append(...list);
  box.replaceChildren(head, grid, ...rest);
  box.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = box;
  const fitsRight = place.x + AWAY_PX + width + EDGE_PX <= innerWidth;
  const left = fitsRight ? place.x + AWAY_PX : Math.max(EDGE_PX, place.x - AWAY_PX - width);
  const top = Math.min(Math.max(EDGE_PX, place.y - height / 2), innerHeight - height - EDGE_PX);
  box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

export function hideTooltip(by: object): void {
  if (owner !== by) return;
  owner = null;
  if (box) box.hidden = true;
}

/** All rows, or those around the nearest when they are many; in their order. */
function rowsAround(rows: readonly TooltipRow[]): readonly TooltipRow[] {
  if (rows.length <= MOST_ROWS) return rows;
  const nearest = Math.max(0, rows.findIndex((row) => row.isNearest));
  const first = Math.max(0, Math.min(rows.length - MOST_ROWS, nearest - Math.floor(MOST_ROWS / 2)));
  return rows.slice(first, first + MOST_ROWS);
}

function element(tag: "div" | "span", name: string, text = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}
