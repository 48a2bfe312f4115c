/** The kinds of panels; their order decides which of them a key calls for first. */
import { OneChartSettings } from "@/charts/SettingsForm";
import type { JSX } from "preact";
import { tileShapeOf } from "@/media/registry";
import { TablePanel } from "@/media/table/panel";
import { ChartPanel } from "@/panels/ChartPanel";
import { HistogramPanel } from "@/panels/HistogramPanel";
import { MediaPanel, tilesOf } from "@/panels/MediaPanel";
import { ValuePanel } from "@/panels/ValuePanel";
import { type Panel, type PanelKinds, type PanelOf, type Span, panelOfKey, runsHavingKey } from "@/panels/panel";
import { systemName } from "@/panels/systemSections";
import { mostPanelColumns, panelColumns } from "@/panels/tileGrid";
import { mostItemsOf, shapePlace } from "@/state/page/tileShapes";
import type { Scope } from "@/state/scope";

const LEAST_HEIGHT = { chart: 216, media: 220, histogram: 240, value: 96 };
const ONE_COLUMN: Span = { wish: 1, most: 1 };
const MOST_VALUE_COLUMNS = 3;
const NOT_MEDIA = new Set(["metric", "system", "histogram", "value"]);

export const PANELS: PanelKinds = {
  chart: {
    defaults: (key) => (key.kind === "metric" ? panelOfKey("chart", key, {}) : null),
    View: ({ panel }) => <ChartPanel panel={panel} />,
    Form: ChartForm,
    leastHeight: () => LEAST_HEIGHT.chart,
    span: () => ONE_COLUMN,
  },
  system: {
    defaults: (key) =>
      key.kind === "system" ? { ...panelOfKey("system", key, { x: "relative" }), title: systemName(key.key) } : null,
    View: ({ panel }) => <ChartPanel panel={panel} />,
    Form: ChartForm,
    leastHeight: () => LEAST_HEIGHT.chart,
    span: () => ONE_COLUMN,
  },
  histogram: {
    defaults: (key) => (key.kind === "histogram" ? panelOfKey("histogram", key, {}) : null),
    View: HistogramPanel,
    Form: null,
    leastHeight: () => LEAST_HEIGHT.histogram,
    span: () => ONE_COLUMN,
  },
  value: {
    defaults: (key) => (key.kind === "value" ? panelOfKey("value", key, {}) : null),
    View: ValuePanel,
    Form: null,
    leastHeight: () => LEAST_HEIGHT.value,
    span: (scope, panel) => {
      const wish = Math.min(MOST_VALUE_COLUMNS, Math.max(1, runsHavingKey(scope, panel).length));
      return { wish, most: wish };
    },
  },
  table: {
    defaults: (key) => (isTable(key.kind) ? panelOfKey("table", key, {}) : null),
    View: ({ panel, isPacked }) => (
      <TablePanel.Provider value={panel}>
        <MediaPanel panel={panel} isPacked={isPacked} />
      </TablePanel.Provider>
    ),
    Form: null,
    leastHeight: leastHeightOfMedia,
    span: spanOfMedia,
  },
  media: {
    defaults: (key) => (NOT_MEDIA.has(key.kind) || isTable(key.kind) ? null : panelOfKey("media", key, {})),
    View: MediaPanel,
    Form: null,
    leastHeight: leastHeightOfMedia,
    span: spanOfMedia,
  },
};

function isTable(kind: string): boolean {
  return kind.endsWith("table");
}

function ChartForm({ panel }: { panel: Panel<"chart" | "system"> }): JSX.Element {
  return <OneChartSettings panel={panel} />;
}

function spanOfMedia(scope: Scope, panel: PanelOf<"media" | "table">, columnWidth: number): Span {
  const [{ kind, key }] = panel.keys;
  const runs = runsHavingKey(scope, panel);
  const size = {
    shape: tileShapeOf(kind),
    isTable: panel.type === "table",
    tiles: Math.max(1, runs.length) * mostItemsOf(shapePlace(runs[0], key)),
    tileWidth: scope.zoom.panels.settingsOf(tilesOf(panel)).value.tileWidth,
    columnWidth,
  };
  return { wish: panelColumns(size), most: mostPanelColumns(size) };
}

/** One row of tiles with their heads and the panel's; low kinds, such as sounds, are not kept higher than they are. */
function leastHeightOfMedia({ keys: [{ kind }] }: PanelOf<"media" | "table">, isAlone: boolean): number {
  const tile = tileShapeOf(kind);
  if (!isAlone) return LEAST_HEIGHT.chart;
  return typeof tile === "object" ? Math.min(LEAST_HEIGHT.media, tile.height + 78) : LEAST_HEIGHT.media;
}
