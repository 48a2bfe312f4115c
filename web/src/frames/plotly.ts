/** Draws Plotly figures inside their frame. */
import plotlyUrl from "plotly.js-strict-dist-min/plotly-strict.min.js?url";
import { host } from "@/frames/host";
import { loadLibrary } from "@/frames/library";
import { type PlotlyFigure, marginFor, readFigure } from "@/frames/plotlyFigure";

const CONFIG = {
  responsive: false,
  displaylogo: false,
  showSendToCloud: false,
  showEditInChartStudio: false,
  plotlyServerURL: "",
  topojsonURL: "",
  modeBarButtonsToRemove: ["toImage", "sendDataToCloud"],
  showTips: false,
};

let shown: PlotlyFigure | null = null;

// Outlines of countries would be fetched: maps are drawn without them.
const none = { type: "GeometryCollection", geometries: [] };
const emptyWorld = {
  type: "Topology",
  arcs: [],
  objects: { coastlines: none, land: none, ocean: none, lakes: none, rivers: none, countries: none, subunits: none },
};
Object.assign(window, { PlotlyGeoAssets: { topojson: new Proxy({}, { get: () => emptyWorld }) } });

await loadLibrary(plotlyUrl);

host({
  async draw(element, text, theme) {
    const figure = readFigure(text, theme);
    shown = figure;
    await Plotly.react(element, { data: figure.data, layout: { ...figure.layout, ...roomOf(figure) }, config: CONFIG, frames: [] });
    if (figure.frames.length > 0) await Plotly.addFrames(element, figure.frames);
    return figure.notes;
  },
  resize(element) {
    if (shown) void Plotly.relayout(element, roomOf(shown));
  },
  png: (element) =>
    Plotly.toImage(element, {
      format: "png",
      width: element.clientWidth,
      height: element.clientHeight,
      scale: Math.max(2, devicePixelRatio),
    }),
});

/** As large as the frame, or as the figure itself wants to be where that is larger: then the frame scrolls. */
function roomOf(figure: PlotlyFigure): Record<string, unknown> {
  const { clientWidth, clientHeight } = document.documentElement;
  const width = Math.max(clientWidth, figure.leastWidth);
  return { width, height: Math.max(clientHeight, figure.leastHeight), margin: marginFor(figure, width) };
}
