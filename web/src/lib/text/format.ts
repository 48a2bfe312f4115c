/** Numbers, times and sizes as people read them. */
import { numberOf } from "@/lib/text/numbers";

const integer = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Up to four significant digits: 0.2143, 12,400, 3e-4. Integers are never rounded. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (Object.is(value, -0)) return "−0";
  const size = Math.abs(value);
  let text: string;
  if (Number.isInteger(value) && size < 1e15) text = integer.format(size);
  else if (size >= 1e6 || size < 1e-3) text = size.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  else if (size >= 1000) text = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(size);
  else text = Number(size.toPrecision(digits)).toString();
  return value < 0 ? `−${text}` : text;
}

/** 75.3 s -> "1m 15s"; 90061 s -> "1d 1h". */
export function formatDuration(secs: number): string {
  if (!Number.isFinite(secs)) return "–";
  if (secs < 1) return `${Math.round(secs * 1000)} ms`;
  if (secs < 60) return `${secs < 10 ? secs.toFixed(1) : Math.floor(secs)} s`;
  const units: [number, string][] = [[86_400, "d"], [3_600, "h"], [60, "m"], [1, "s"]];
  const at = units.findIndex(([size]) => secs >= size);
  const [big, small] = [units[at], units[at + 1]];
  if (!big) return "0 s";
  const rest = small ? Math.floor((secs % big[0]) / small[0]) : 0;
  return `${Math.floor(secs / big[0])}${big[1]}${small && rest > 0 ? ` ${rest}${small[1]}` : ""}`;
}

/** Unix seconds -> "3 min ago". */
export function formatAgo(time: number, now = Date.now() / 1000): string {
  const secs = Math.max(0, now - time);
  if (secs < 5) return "just now";
  if (secs < 60) return `${Math.floor(secs)} s ago`;
  if (secs < 3_600) return `${Math.floor(secs / 60)} min ago`;
  if (secs < 86_400) return `${Math.floor(secs / 3_600)} h ago`;
  if (secs < 30 * 86_400) return `${Math.floor(secs / 86_400)} d ago`;
  return formatDate(time).slice(0, 10);
}

/** Unix seconds -> "2025-03-01 14:05:09", in the browser's time zone. */
export function formatDate(time: number): string {
  const date = new Date(time * 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${formatClock(time)}`;
}

/** Unix seconds -> "14:05:09". */
export function formatClock(time: number): string {
  const date = new Date(time * 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

export function formatBytes(size: number): string {
  if (size < 1000) return `${size} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = size;
  let unit = "B";
  for (const next of units) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${integer.format(count)} ${count === 1 ? one : many}`;
}

/** Any logged value on one line: for table cells and rows of the rail. */
export function formatValue(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "null";
  const number = numberOf(value);
  if (number !== undefined) return formatNumber(number);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  return JSON.stringify(value);
}

/** The value as code, every digit kept: for copying and for tooltips. */
export function exactText(value: unknown): string {
  const number = numberOf(value);
  if (number !== undefined) return String(number);
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}
