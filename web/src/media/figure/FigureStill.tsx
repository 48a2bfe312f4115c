/** A table cell's figure: a picture of it where there is room for one, else its name. Opened, it is live. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { figureTexts } from "@/media/figure/texts";
import { figureTheme } from "@/media/figure/theme";
import { type FigureLibrary, figureStill } from "@/media/figure/stills";
import { Icon } from "@/parts/Icon";
import "@/media/figure/figure.css";

export interface FigureStillProps {
  frame: FigureLibrary;
  figureKey: string;
  load: () => Promise<string>;
  sizeBytes: number;
  mode?: string;
  name: string;
  limitSecs: number;
  /** CSS pixels of the cell. */
  box?: { width: number; height: number } | undefined;
}

/** Lower cells have a line of text. */
const LEAST_HEIGHT = 48;
const LARGEST_BYTES = 4 * 1024 * 1024;
/** Figures are made for some room; a cell shows them smaller. */
const DRAWN_HEIGHT = 260;
/** Nobody waits for a cell: many are drawn, one after another, perhaps beside a busy page. */
const PATIENT_SECS = 20;

export function FigureStill(props: FigureStillProps): JSX.Element {
  const { box, sizeBytes, name } = props;
  if (!box || box.height < LEAST_HEIGHT || box.width < LEAST_HEIGHT || sizeBytes > LARGEST_BYTES) {
    return <FigureThumb icon="chart" text={name} />;
  }
  return <DrawnStill {...props} box={box} />;
}

type DrawnStillProps = FigureStillProps & { box: { width: number; height: number } };

function DrawnStill({ frame, figureKey, load, sizeBytes, mode = "", name, limitSecs, box }: DrawnStillProps): JSX.Element {
  const theme = figureTheme();
  const loaded = figureTexts.of(figureKey, sizeBytes, load).value;
  const text = loaded.is === "ready" ? loaded.text : null;
  const width = Math.round(DRAWN_HEIGHT * Math.min(2.2, Math.max(1.1, box.width / box.height)));
  const [drawn, setDrawn] = useState<{ key: string; url: string | null } | null>(null);
  useEffect(() => {
    if (text === null) return;
    let isWanted = true;
    const wanted = { frame, key: figureKey, text, mode, theme, width, height: DRAWN_HEIGHT, limitSecs: Math.max(limitSecs, PATIENT_SECS) };
    figureStill(wanted, () => isWanted).then(
      (url) => isWanted && setDrawn({ key: figureKey, url }),
      () => isWanted && setDrawn({ key: figureKey, url: null }),
    );
    return () => {
      isWanted = false;
    };
  }, [figureKey, text, mode, theme.surface, width]);
  if (loaded.is === "failed" || drawn?.url === null) return <FigureThumb icon="chart" text={name} />;
  if (!drawn || drawn.key !== figureKey) return <span class="media-waiting" aria-busy="true" title={name} />;
  const room = { maxWidth: `${box.width}px`, maxHeight: `${box.height}px` };
  return <img class="figure-still" src={drawn.url} alt={name} title={name} draggable={false} style={room} />;
}

/** What a figure is, in a line. */
export function FigureThumb({ icon, text }: { icon: "chart" | "graph"; text: string }): JSX.Element {
  return (
    <span class="figure-thumb" title={text}>
      <Icon name={icon} size={14} />
      <span class="truncate">{text}</span>
    </span>
  );
}
