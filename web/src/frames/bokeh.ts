/** Draws Bokeh documents inside their frame. */
import bokehUrl from "@bokeh/bokehjs/build/js/bokeh.min.js?url";
import glUrl from "@bokeh/bokehjs/build/js/bokeh-gl.min.js?url";
import mathUrl from "@bokeh/bokehjs/build/js/bokeh-mathjax.min.js?url";
import tablesUrl from "@bokeh/bokehjs/build/js/bokeh-tables.min.js?url";
import widgetsUrl from "@bokeh/bokehjs/build/js/bokeh-widgets.min.js?url";
import type { FrameTheme } from "@/lib/frames/protocol";
import { fitDocument, readDocument, versionNote } from "@/frames/bokehDocument";
import { type Drawing, host } from "@/frames/host";
import { loadLibrary } from "@/frames/library";

const HAS_FORMULAS = /\$\$|\\\\\(|\\\\\[|"TeX"|"MathML"/;

/** A frame that changes by less keeps what is drawn. */
const REDRAWN_FROM = 0.1;

let last: { text: string; theme: FrameTheme; width: number } | null = null;
let shown: BokehManager[] = [];
let count = 0;
let maths: Promise<void> | undefined;

await loadLibrary(bokehUrl);
await Promise.all([widgetsUrl, tablesUrl, glUrl].map(loadLibrary));

const drawing: Drawing = {
  async draw(element, text, theme) {
    const { document: content, rootIds, version } = readDocument(text);
    if (HAS_FORMULAS.test(text)) await (maths ??= loadLibrary(mathUrl));
    const { clientWidth: width, clientHeight: height } = document.documentElement;
    fitDocument(content, theme, { width, height });
    // What a difference means is said in the tile (versionNote); the library would say it on the console, and of any.
    if (version !== null) content["version"] = Bokeh.version;
    last = { text, theme, width };
    for (const manager of shown) manager.clear();
    shown = [];
    element.replaceChildren();
    count += 1;
    const roots: Record<string, string> = {};
    rootIds.forEach((root, at) => {
      const place = document.createElement("div");
      place.id = `root-${count}-${at}`;
      place.style.width = "100%";
      place.style.height = rootIds.length === 1 ? "100%" : "auto";
      element.append(place);
      roots[root] = place.id;
    });
    shown = await Bokeh.embed.embed_items({ figure: content }, [{ docid: "figure", roots, root_ids: rootIds }]);
    return versionNote(version, Bokeh.version);
  },
  // Bokeh watches its own size; what was made smaller for the frame is made for its new size.
  resize(element) {
    if (!last) return;
    const change = Math.abs(document.documentElement.clientWidth / last.width - 1);
    if (change > REDRAWN_FROM) void drawing.draw(element, last.text, last.theme, "");
  },
  async png() {
    const root = shown[0]?.roots[0];
    if (!root) throw new Error("Nothing is drawn.");
    return root.export("png", true).canvas;
  },
};

host(drawing);
