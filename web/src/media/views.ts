/** The view of every kind. Adding a kind to the union without a view does not compile. */
import { AUDIO_VIEW } from "@/media/audio";
import { BOKEH_VIEW } from "@/media/bokeh";
import { CHART_VIEW } from "@/media/chart";
import { GRAPH_VIEW } from "@/media/graph";
import { HISTOGRAM_VIEW } from "@/media/histogram";
import { HTML_VIEW } from "@/media/html";
import { IMAGE_VIEW } from "@/media/image";
import { JOINED_TABLE_VIEW } from "@/media/joined_table";
import { MOLECULE_VIEW } from "@/media/molecule";
import { OBJECT3D_VIEW } from "@/media/object3d";
import { PARTITIONED_TABLE_VIEW } from "@/media/partitioned_table";
import { PLOTLY_VIEW } from "@/media/plotly";
import { PLUGIN_VIEW } from "@/media/plugin";
import { TABLE_VIEW } from "@/media/table";
import { TEXT_VIEW } from "@/media/text";
import { VEGA_VIEW } from "@/media/vega";
import { VIDEO_VIEW } from "@/media/video";
import { FILE_VIEW } from "@/media/file/FileCard";
import type { Views } from "@/media/registry";

export const VIEWS: Views = {
  image: IMAGE_VIEW,
  histogram: HISTOGRAM_VIEW,
  table: TABLE_VIEW,
  joined_table: JOINED_TABLE_VIEW,
  partitioned_table: PARTITIONED_TABLE_VIEW,
  object3d: OBJECT3D_VIEW,
  molecule: MOLECULE_VIEW,
  video: VIDEO_VIEW,
  audio: AUDIO_VIEW,
  html: HTML_VIEW,
  text: TEXT_VIEW,
  plotly: PLOTLY_VIEW,
  bokeh: BOKEH_VIEW,
  vega: VEGA_VIEW,
  graph: GRAPH_VIEW,
  chart: CHART_VIEW,
  file: FILE_VIEW,
  plugin: PLUGIN_VIEW,
};
