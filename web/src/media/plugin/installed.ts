/** Which plugins the server has, and the modules of their views: asked for when the first of their media is drawn. */
import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type ApiError, apiErrorFrom } from "@/api/errors";
import { onRecovery } from "@/api/recovery";
import type { PluginList, PluginRecord, PluginView } from "@/api/schema";
import { Recent } from "@/lib/recent";
import { source } from "@/state/server/source";

export type Listed = { is: "loading" } | { is: "ready"; plugins: PluginView[] } | { is: "failed"; error: ApiError };
export type Code = { is: "loading" } | { is: "ready"; text: string } | { is: "failed"; error: ApiError };

/** What became of the view that a record wants. */
export type Found =
  | { is: "there"; title: string; view: string }
  /** Its plugin is not installed, is broken, or has no such kind any more. */
  | { is: "missing"; reason: string };

const listed = signal<Listed | null>(null);

interface Module {
  state: Signal<Code>;
  /** A view on the page shows it. */
  isWatched: boolean;
}

const KEPT_LIMIT = 32 * 1024 * 1024;
/** Modules by their hash, the last ones used: a page that is open for days must not hold all that it ever met. */
const codes = new Recent<string, Module>({
  limit: KEPT_LIMIT,
  size: ({ state }) => sizeOf(state.peek()),
  mayGo: (_sha256, { state, isWatched }) => !isWatched && state.peek().is !== "loading",
});

function sizeOf(code: Code): number {
  return code.is === "ready" ? code.text.length : 0;
}

onRecovery(() => {
  if (listed.peek()?.is === "failed") lookAgain();
  for (const [sha256, { state }] of codes) if (state.peek().is === "failed") void load(sha256, state);
});

export function installedPlugins(): ReadonlySignal<Listed | null> {
  if (listed.peek() === null) lookAgain();
  return listed;
}

/** Asks the server anew, after something was installed or could not be loaded. */
export function lookAgain(): void {
  listed.value = { is: "loading" };
  source.getJson<PluginList>("api/plugins")
    .then(({ plugins }) => {
      listed.value = { is: "ready", plugins };
    })
    .catch((thrown: unknown) => {
      listed.value = { is: "failed", error: apiErrorFrom(thrown) };
    });
}

/** The module of a view; its hash names it, so that it is asked for once. */
export function viewCode(sha256: string): ReadonlySignal<Code> {
  const known = codes.get(sha256);
  if (known) return known.state;
  const module: Module = {
    state: signal<Code>({ is: "loading" }, { watched: () => (module.isWatched = true), unwatched: () => (module.isWatched = false) }),
    isWatched: false,
  };
  codes.set(sha256, module);
  void load(sha256, module.state);
  return module.state;
}

export function retryCode(sha256: string): void {
  const state = codes.peek(sha256)?.state;
  if (state?.peek().is === "failed") void load(sha256, state);
}

async function load(sha256: string, state: Signal<Code>): Promise<void> {
  state.value = { is: "loading" };
  try {
    const response = await source.request("GET", `api/plugins/views/${sha256}`, undefined, {});
    state.value = { is: "ready", text: await response.text() };
    codes.trim(sha256);
  } catch (thrown) {
    state.value = { is: "failed", error: apiErrorFrom(thrown) };
  }
}

/** The view of a record among the plugins that the server has. */
export function findView({ plugin, package: from }: PluginRecord, plugins: readonly PluginView[]): Found {
  const [name, kindName] = plugin.split(":");
  const found = plugins.find((one) => one.name === name);
  if (!found) return { is: "missing", reason: `Install ${from ?? `the plugin “${name}”`} where the server runs to see it.` };
  if (found.trouble) return { is: "missing", reason: `The plugin “${name}” (${found.package}) can't be used: ${found.trouble}` };
  const kind = found.kinds.find((one) => one.name === kindName);
  if (kind) return { is: "there", title: kind.title, view: kind.view };
  return { is: "missing", reason: `${found.package} ${found.version} has no kind “${kindName}”.` };
}
