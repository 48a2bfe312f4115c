/** Only what we call of libraries that run as plain scripts. */

interface PlotlyLibrary {
  react(element: HTMLElement, figure: { data: object[]; layout: object; config?: object; frames?: object[] }): Promise<unknown>;
  relayout(element: HTMLElement, changes: object): Promise<unknown>;
  addFrames(element: HTMLElement, frames: object[]): Promise<unknown>;
  toImage(element: HTMLElement, options: object): Promise<string>;
}

interface BokehManager {
  roots: { export(type: "png", hidpi: boolean): { canvas: HTMLCanvasElement } }[];
  clear(): void;
}

interface BokehLibrary {
  version: string;
  embed: {
    embed_items(
      documents: Record<string, object>,
      items: { docid: string; roots: Record<string, string>; root_ids: string[] }[],
    ): Promise<BokehManager[]>;
  };
}

declare const Plotly: PlotlyLibrary;
declare const Bokeh: BokehLibrary;
