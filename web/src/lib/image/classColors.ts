/**
 * Class colours: 26 that stay apart also for eyes without red or green cones (chosen greedily for the largest
 * distance in OKLab under normal, deuteranope and protanope vision). Which class gets which, `ColorRegistry` says.
 */

export const CLASS_COLORS: readonly string[] = [
  "#0078b4", "#e1a500", "#00a578", "#d278a5", "#5ab4f0", "#d25a00", "#f0e13c", "#96003c", "#4bfff0", "#1e3cb4",
  "#8778ff", "#78d2a5", "#4b4b78", "#965a5a", "#96d2ff", "#2dffa5", "#ff5a69", "#a52d00", "#5a5ae1", "#ffb469",
  "#c33c96", "#ff78d2", "#e17800", "#c33c2d", "#007887", "#a578d2",
];

const BACKGROUND_COLOR = "#8a8f98";
const BACKGROUND_NAME = /^(background|bg|void|ignored?|unlabell?ed|unknown|none|other)$/i;

/** Classes that mean "nothing here": grey, and hidden until asked for, because they would tint the whole picture. */
export function isBackgroundName(name: string): boolean {
  return BACKGROUND_NAME.test(name.trim());
}

/** The name of a class, as the SDK also makes it up for classes without one. */
export function classNameOf(id: number, labels: Readonly<Record<string, string>> | undefined): string {
  return (labels && Object.hasOwn(labels, String(id)) ? labels[String(id)] : undefined) ?? `class_${id}`;
}

/**
 * The colour of a class name: "Car" looks the same in every mask and box of the page.
 *
 * The id says which colour; only classes of one list must differ, so that the colours of a list never depend on what
 * else is on the page, except for names that it shares with a list seen before.
 */
export class ColorRegistry {
  private readonly slots = new Map<string, number>();
  /** Class name -> the colour that it was logged with; the first one seen holds. */
  private readonly given = new Map<string, string>();

  /**
   * Deal out the colours of a whole list, id -> name: different names get different colours while they last.
   * `colors`: id -> "#rrggbb" of those that have one already.
   */
  deal(labels: Readonly<Record<string, string>>, colors: Readonly<Record<string, string>> = {}): void {
    for (const [id, color] of Object.entries(colors)) {
      const name = classNameOf(Number(id), labels);
      if (HEX_COLOR.test(color) && !this.given.has(name)) this.given.set(name, color);
    }
    const names = Object.entries(labels).filter(([, name]) => !isBackgroundName(name));
    const taken = new Set(names.flatMap(([, name]) => this.slots.get(name) ?? []));
    const wanted = new Set(names.map(([id]) => slotOfId(Number(id))));
    for (const [id, name] of names) {
      if (this.slots.has(name)) continue;
      if (names.length > SLOTS) {
        // More names than colours. Names made up from ids get their colour from the id, whoever asks first.
        if (name !== classNameOf(Number(id), undefined)) this.slots.set(name, SLOTS + hashOf(name));
        continue;
      }
      let slot = slotOfId(Number(id));
      if (taken.has(slot)) {
        const free = Array.from({ length: SLOTS }, (_, step) => (slot + step) % SLOTS).find(
          (other) => !taken.has(other) && !wanted.has(other),
        );
        slot = free ?? slot;
      }
      taken.add(slot);
      this.slots.set(name, slot);
    }
  }

  colorOf(name: string, id: number | null): string {
    const given = this.given.get(name);
    if (given !== undefined) return given;
    if (isBackgroundName(name)) return BACKGROUND_COLOR;
    const known = this.slots.get(name);
    if (known !== undefined) return known < SLOTS ? roundColor(known) : hashedColor(known);
    // Single things are numbered by the thousand: neighbours must differ, whatever the palette's length.
    if (id !== null && id >= SLOTS && name === classNameOf(id, undefined)) return hashedColor(id);
    const slot = slotOfId(id ?? hashOf(name) % CLASS_COLORS.length);
    // A name made up from the id is not one that other lists could share.
    if (id === null || name !== classNameOf(id, undefined)) this.slots.set(name, slot);
    return roundColor(slot);
  }
}

const HEX_COLOR = /^#[0-9a-f]{6}$/;
const ROUNDS = 3;
const SLOTS = CLASS_COLORS.length * ROUNDS;

function slotOfId(id: number): number {
  return ((id % SLOTS) + SLOTS) % SLOTS;
}

/** The palette, then a paler and then a darker round of it: beyond that colours repeat, and only names tell apart. */
function roundColor(slot: number): string {
  const color = CLASS_COLORS[slot % CLASS_COLORS.length] as string;
  const round = Math.floor(slot / CLASS_COLORS.length);
  if (round === 0) return color;
  const toward = round === 1 ? 255 : 0;
  return `#${rgbOf(color).map((value) => Math.round(value + (toward - value) * 0.42).toString(16).padStart(2, "0")).join("")}`;
}

/** A colour for a number, of some thousands that an eye may tell apart side by side. */
export function hashedColor(id: number): string {
  const hash = hashOf(String(id));
  const hue = ((id * GOLDEN_TURN + (hash % 7) / 70) % 1) * 6;
  const light = 0.42 + ((hash >>> 8) % 4) * 0.09;
  const strength = (0.62 + ((hash >>> 16) % 3) * 0.16) * Math.min(light, 1 - light);
  const channel = (shift: number): number => {
    const part = (hue + shift) % 6;
    return light + strength * (Math.max(0, Math.min(1, Math.abs(part - 3) - 1)) * 2 - 1);
  };
  return `#${[0, 4, 2].map((shift) => Math.round(255 * Math.min(1, Math.max(0, channel(shift)))).toString(16).padStart(2, "0")).join("")}`;
}

const GOLDEN_TURN = 0.618034;

export function hashOf(text: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

export type Rgb = readonly [red: number, green: number, blue: number];

/** "#0078b4" -> [0, 120, 180] */
export function rgbOf(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** Black or white, whichever reads better on the colour. */
export function inkOn(color: string): string {
  const [red, green, blue] = rgbOf(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000000" : "#ffffff";
}
