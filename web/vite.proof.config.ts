import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import app from "./vite.config";

// Pages that only the browser tests open, built by them into a folder of their own: `npm run proof -- --outDir DIR`.
export default defineConfig({
  // Where the tests put it: scripts must lie one folder below the place of the app (src/api/base.ts).
  base: "/proof/",
  ...(app.oxc === undefined ? {} : { oxc: app.oxc }),
  ...(app.resolve === undefined ? {} : { resolve: app.resolve }),
  publicDir: false,
  build: {
    assetsDir: "",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: fileURLToPath(new URL("./proofs/two-scopes.html", import.meta.url)) },
  },
});
