// Numbers, durations and moments as text: exact where someone reads a value, short on an axis.

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 });

/** A value in a header or tooltip: 4 significant digits, integers in full, non-finite by name. */
export function formatReading(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+∞" : "−∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return minus(GROUPED.format(value));
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return minus(shortExponent(value.toExponential(3)));
  return minus(size >= 1000 ? GROUPED.format(Number(value.toFixed(1))) : trimZeros(value.toPrecision(4)));
}

/** A value where there is little room: 3 significant digits, thousands as k. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatReading(value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e3) return minus(String(Number(value.toPrecision(3))));
  if (size >= 1e3 && size < 1e5 && Number.isInteger(value)) return formatReading(value);
  if (size >= 1e3 && size < 1e12) {
    const [unit, suffix] = size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : [1e3, "k"];
    return minus(String(Number((value / unit).toPrecision(3)))) + suffix;
  }
  return minus(shortExponent(value.toExponential(2)));
}

/** Every digit that a float64 has: for tooltips' titles and exports. */
export function formatExact(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "Infinity" : "-Infinity";
}

const MOST_UNIT_DIGITS = 3;

/** Labels of an axis: all with the digits that `step` between them needs, thousands as k, M, G. */
export function formatTicks(values: readonly (number | null)[], step: number): string[] {
  const largest = values.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  if (largest > 0 && (largest < 1e-3 || largest >= 1e13)) {
    return values.map((value) =>
      value === null ? "" : value === 0 ? "0" : minus(shortExponent(value.toExponential(digitsBetween(largest, step)))),
    );
  }
  const [inUnit, suffixOfUnit] = largest >= 1e10 ? [1e9, "G"] : largest >= 1e7 ? [1e6, "M"] : largest >= 2000 ? [1e3, "k"] : [1, ""];
  // Places that differ far behind the point of "1000.00000002M" are easier told apart in full.
  const isFine = digitsOf(step / inUnit) > MOST_UNIT_DIGITS;
  const [unit, suffix] = isFine ? [1, ""] : [inUnit, suffixOfUnit];
  const digits = digitsOf(step / unit);
  return values.map((value) => {
    if (value === null) return "";
    return value === 0 ? "0" : minus(trimZeros((value / unit).toFixed(digits), 0)) + suffix;
  });
}

/** Label of one to nine times a power of ten on a log axis; nothing for an odd place such as the axis' end. */
export function formatLogTick(value: number): string {
  const size = Math.abs(value);
  const lead = size / 10 ** Math.floor(Math.log10(size) + 1e-9);
  if (!(Math.abs(lead - Math.round(lead)) < 1e-6)) return "";
  if (size >= 1e-3 && size < 1e4) return minus(String(Number(value.toPrecision(3))));
  if (size >= 1e4 && size < 1e12) return formatShort(value).replace(",000", "k");
  return minus(shortExponent(value.toExponential(0)));
}

/** Seconds as 0:42, 12:05, 3:07:09, 2d 03:07; under ten seconds with fractions. */
export function formatElapsed(secs: number): string {
  if (!Number.isFinite(secs)) return formatReading(secs);
  const sign = secs < 0 ? "−" : "";
  const size = Math.abs(secs);
  if (size < 10 && !Number.isInteger(size)) return `${sign}${trimZeros(size.toFixed(2), 0)}s`;
  const whole = Math.round(size);
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = whole % 60;
  if (days > 0) return `${sign}${days}d ${pad(hours)}:${pad(minutes)}`;
  if (hours > 0) return `${sign}${hours}:${pad(minutes)}:${pad(rest)}`;
  return `${sign}${minutes}:${pad(rest)}`;
}

/** Unix seconds as local clock time; the date too when `isLong` or when it is not today. */
export function formatMoment(unixSecs: number, isLong = false, today = new Date()): string {
  const moment = new Date(unixSecs * 1000);
  if (Number.isNaN(moment.getTime())) return formatReading(unixSecs);
  const time = `${pad(moment.getHours())}:${pad(moment.getMinutes())}:${pad(moment.getSeconds())}`;
  if (!isLong && moment.toDateString() === today.toDateString()) return time;
  return `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())} ${time}`;
}

/** A position on the axis ("step", "time", "relative" or a metric's key). */
export function formatPosition(axis: string, x: number): string {
  if (axis === "time") return formatMoment(x);
  if (axis === "relative") return formatElapsed(x);
  return formatReading(x);
}

/** What an axis is called in menus and read-outs. */
export function axisName(axis: string): string {
  if (axis === "time") return "wall time";
  if (axis === "relative") return "relative time";
  return axis;
}

/**
 * A typed position: a number with or without thousands separators, "1:20:00" or "90s" or "2h" for a
 * duration, a date or time of day for wall time, "50%" of the extent. Undefined when it is none of these.
 */
export function parsePosition(text: string, axis: string, extent: readonly [number, number]): number | undefined {
  const typed = text.trim();
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(typed);
  if (percent) return extent[0] + ((extent[1] - extent[0]) * Number(percent[1])) / 100;
  if (axis === "relative") return parseDuration(typed);
  if (axis === "time" && !/^\d{9,}(\.\d+)?$/.test(typed)) return parseMoment(typed, extent);
  const plain = typed.replace(/[,_\s]/g, "").replace("−", "-");
  const scaled = /^(-?\d+(?:\.\d+)?)([kM])$/.exec(plain);
  const value = scaled ? Number(scaled[1]) * (scaled[2] === "k" ? 1e3 : 1e6) : Number(plain);
  return plain === "" || !Number.isFinite(value) ? undefined : value;
}

function parseDuration(typed: string): number | undefined {
  if (/^\d+(:\d{1,2}){1,2}$/.test(typed)) {
    return typed.split(":").reduce((total, part) => total * 60 + Number(part), 0);
  }
  const units: Record<string, number> = { d: 86400, h: 3600, m: 60, s: 1 };
  if (/^(\d+(?:\.\d+)?\s*[dhms]\s*)+$/.test(typed)) {
    return [...typed.matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/g)].reduce(
      (sum, part) => sum + Number(part[1]) * (units[part[2] ?? "s"] ?? 1),
      0,
    );
  }
  const value = Number(typed);
  return typed === "" || !Number.isFinite(value) ? undefined : value;
}

function parseMoment(typed: string, extent: readonly [number, number]): number | undefined {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(typed);
  const moment = clock ? new Date(extent[1] * 1000) : new Date(typed);
  if (clock) moment.setHours(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), 0);
  const secs = moment.getTime() / 1000;
  return Number.isNaN(secs) ? undefined : secs;
}

/** Digits behind the point that write `step` in full: 0.25 needs two. */
function digitsOf(step: number): number {
  let digits = 0;
  for (let scaled = step; digits < 12 && Math.abs(scaled - Math.round(scaled)) > 1e-6 * scaled; scaled = step * 10 ** digits) digits++;
  return digits;
}

function digitsBetween(largest: number, step: number): number {
  return Math.min(6, Math.max(0, Math.ceil(Math.log10(largest / step) - 1e-9)));
}

function trimZeros(text: string, keep = 1): string {
  if (!text.includes(".")) return text;
  const trimmed = text.replace(/0+$/, "");
  return trimmed.endsWith(".") ? (keep > 0 ? `${trimmed}0` : trimmed.slice(0, -1)) : trimmed;
}

function shortExponent(text: string): string {
  return text.replace(/\.?0+e/, "e").replace("e+", "e");
}

function minus(text: string): string {
  return text.replaceAll("-", "−");
}

function pad(part: number): string {
  return String(part).padStart(2, "0");
}
