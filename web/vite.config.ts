import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

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
  },
  server: { proxy: { "/api": "http://127.0.0.1:7117", "/healthz": "http://127.0.0.1:7117" } },
});
