/** The app's icons: 16 x 16, one stroke, the colour of the text around them. */
import type { JSX } from "preact";

const PATHS = {
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  eyeOff:
    "M2 2l12 12M6.4 3.7A6 6 0 0 1 8 3.5c4 0 6.5 4.5 6.5 4.5a11 11 0 0 1-1.9 2.4M4.3 4.8A11 11 0 0 0 1.5 8S4 12.5 8 12.5a6 6 0 0 0 3-.8",
  chevronDown: "M4 6l4 4 4-4",
  chevronRight: "M6 4l4 4-4 4",
  chevronLeft: "M10 4L6 8l4 4",
  chevronUp: "M4 10l4-4 4 4",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5L14 14",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  check: "M3 8.5l3.5 3.5L13 4.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  download: "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M2.5 13.5h11",
  play: "M4.5 2.5v11l9-5.5z",
  pause: "M5 3v10M11 3v10",
  sound: "M2.5 6v4H5l3.5 3V3L5 6zM11 5.5a3.5 3.5 0 0 1 0 5M13 3.5a6.3 6.3 0 0 1 0 9",
  soundOff: "M2.5 6v4H5l3.5 3V3L5 6zM11 6l3.5 4M14.5 6L11 10",
  together: "M3 2.5v4l3.5-2zM9.5 2.5v4l3.5-2zM3 9.5v4l3.5-2zM9.5 9.5v4l3.5-2z",
  stepBack: "M11 3.5L5.5 8l5.5 4.5zM4 3.5v9",
  stepForward: "M5 3.5L10.5 8 5 12.5zM12 3.5v9",
  loop: "M3 8a5 5 0 0 1 8.7-3.4L13.5 6M13.5 2.5V6H10M13 8a5 5 0 0 1-8.7 3.4L2.5 10M2.5 13.5V10H6",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M13 3l-1.1 1.1M4.1 11.9L3 13",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  monitor: "M1.5 3h13v8h-13zM5.5 14h5M8 11v3",
  panelLeft: "M2 2.5h12v11H2zM6 2.5v11",
  panelRight: "M2 2.5h12v11H2zM10 2.5v11",
  link: "M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3 3 0 0 1 3 8.5L4.5 7",
  settings: "M2 4.5h6M12 4.5h2M10 2.5v4M2 11.5h2M8 11.5h6M6 9.5v4",
  expand: "M9.5 2.5h4v4M13.5 2.5L9 7M6.5 13.5h-4v-4M2.5 13.5L7 9",
  reset: "M3 8a5 5 0 1 0 1.6-3.7L2.5 6M2.5 2.5V6H6",
  undo: "M6 3L2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H7",
  redo: "M10 3l3.5 3.5L10 10M13.5 6.5H6a3.5 3.5 0 0 0 0 7h3",
  warning: "M8 2L1.5 13.5h13zM8 6.5v3.5M8 11.8v.2",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5v3.5M8 5v.2",
  sort: "M5 3v10M2.5 10.5L5 13l2.5-2.5M11 13V3M8.5 5.5L11 3l2.5 2.5",
  columns: "M2 3h12v10H2zM6 3v10M10 3v10",
  group: "M2 3.5h12M5 8h9M5 12.5h9M2 8h.2M2 12.5h.2",
  file: "M4 1.5h5l3.5 3.5v9.5H4zM9 1.5V5h3.5",
  wrap: "M2 4h12M2 8h9.5a2.5 2.5 0 0 1 0 5H9M10.5 11.5L9 13l1.5 1.5M2 12h4",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.5V8l2.5 1.5",
  chart: "M2.5 2v11.5H14M5 10.5l2.5-3.5 2.5 2L13.5 4",
  graph:
    "M8 2.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM3.5 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3Z" +
    "M12.5 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3ZM7.2 5.3L4.3 10.6M8.8 5.3l2.9 5.3",
  image: "M2 3h12v10H2zM2 11l3.5-3.5 3 3 2-2L14 12M10.5 6.2v-.2",
  more: "M3.5 8h.1M8 8h.1M12.5 8h.1",
  pencil: "M10.5 3l2.5 2.5L5.5 13H3v-2.5z",
  pin: "M9.5 2l4.5 4.5-3 1-2.5 2.5-.5 3-4.5-4.5 3-.5L9 5.5zM5.5 10.5L2 14",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.1M6.5 6.5h.1M9 6.5h.1M11.5 6.5h.1M5 9.5h6",
  lock: "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
  external: "M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5L7.5 8.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
