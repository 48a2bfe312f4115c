import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const page = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

const STATEFUL = ["src/state/**/*.test.ts", "src/api/recovery.test.ts", "src/media/tiles.test.ts", "src/pages/oldLinks.test.ts"];

// `base: "./"` keeps every asset URL relative, so that the UI works under any path prefix.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/diorama/server/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        app: page("index.html"),
        // Pages of their own, for frames without origin: see src/diorama/server/frames.py.
        "frame-plotly": page("frames/plotly.html"),
        "frame-bokeh": page("frames/bokeh.html"),
        "frame-vega": page("frames/vega.html"),
        "frame-plugin": page("frames/plugin.html"),
      },
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          // Babylon asks for its shaders one by one, a hundred of them for a first model: fewer, larger files.
          groups: [
            { name: "babylon-shaders", test: /node_modules\/@babylonjs\/core\/Shaders\// },
          ],
        },
      },
    },
  },
  test: {
    pool: "threads",
    // What keeps state in its modules gets a fresh worker for each file; the rest shares one, in half the time.
    projects: [
      { extends: true, test: { name: "state", include: STATEFUL } },
      {
        extends: true,
        test: {
          name: "pure",
          include: ["src/**/*.test.ts", "checks/**/*.test.ts"],
          exclude: STATEFUL,
          isolate: false,
        },
      },
    ],
  },
  server: { proxy: { "/api": "http://127.0.0.1:7117", "/healthz": "http://127.0.0.1:7117" } },
});
