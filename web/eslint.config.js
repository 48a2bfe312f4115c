import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";
import { attributesRule } from "./checks/attributes.js";
import { ORDERS, layersRule } from "./checks/layers.js";
import { SCOPED, scopedRule } from "./checks/scoped.js";

const NO_COMPAT = { name: "preact/compat", message: "It turns every onChange into onInput; preact itself has createPortal." };
const PURE = "Layers: lib is pure, it knows no signals, no elements, no requests and no storage (checks/layers.js).";

const ONE_SCHEDULER = ["requestAnimationFrame", "cancelAnimationFrame"].map((name) => ({
  name,
  message: "There is one scheduler of frames: requestFrame of lib/browser/animationFrame.ts.",
}));

const ASKS = "The page asks through a Source (src/api/source.ts): a scope may have another one than the server.";

export default tseslint.config(
  { ignores: ["src/api/schema.ts"] },
  ...tseslint.configs.strict,
  {
    plugins: { diorama: { rules: { attributes: attributesRule, layers: layersRule, scoped: scopedRule } } },
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "User content is text nodes or a sandboxed frame, never HTML in the app.",
        },
      ],
      "no-restricted-imports": ["error", NO_COMPAT],
      "diorama/layers": ["error", { root: fileURLToPath(new URL("src", import.meta.url)), orders: ORDERS }],
      "diorama/scoped": ["error", { root: fileURLToPath(new URL("src", import.meta.url)), folders: SCOPED }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "diorama/attributes": "error",
      "max-len": ["error", { code: 140 }],
    },
  },
  {
    files: ["src/**"],
    // Who asks for bytes in a worker, or a frame, is given the address.
    ignores: ["src/lib/**", "src/api/**", "src/frames/**", "src/**/*.worker.ts"],
    rules: { "no-restricted-globals": ["error", { name: "fetch", message: ASKS }, ...ONE_SCHEDULER] },
  },
  {
    files: ["src/lib/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { paths: [NO_COMPAT], patterns: [{ regex: "^(preact|@preact)($|/)", message: PURE }] },
      ],
      "no-restricted-globals": [
        "error",
        ...["fetch", "localStorage", "sessionStorage"].map((name) => ({ name, message: PURE })),
        ...ONE_SCHEDULER,
      ],
    },
  },
  {
    files: ["src/lib/browser/animationFrame.ts"],
    rules: { "no-restricted-globals": "off" },
  },
);
