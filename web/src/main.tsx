import { effect } from "@preact/signals";
import { render } from "preact";
// The order of the styles: those of the kinds, those of the page (its ring around what has the focus), those of panels.
import { VIEWS } from "@/media/views";
import "@/styles/tokens.css";
import "@/styles/base.css";
import { App } from "@/app";
import { registerViews } from "@/media/registry";
import { PANELS } from "@/panels/panels";
import { registerPanels } from "@/panels/registry";
import { registerFrameCommands } from "@/panels/frameCommands";
import { registerMediaCommands } from "@/panels/mediaCommands";
import { TellError } from "@/parts/CopyButton";
import { listenForKeys } from "@/state/page/commands";
import { startLive } from "@/state/server/live";
import { route } from "@/state/page/route";
import { checkSession, session } from "@/state/server/session";
import { showToast } from "@/state/page/toasts";
import { ScopeContext, makeScope } from "@/state/scope";
import { source } from "@/state/server/source";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

const scope = makeScope({ source, namespace: "", route });

registerViews(VIEWS);
registerPanels(PANELS);
registerMediaCommands(scope);
registerFrameCommands(scope);
listenForKeys();
render(
  <TellError.Provider value={(text) => showToast(text, { tone: "error" })}>
    <ScopeContext.Provider value={scope}>
      <App />
    </ScopeContext.Provider>
  </TellError.Provider>,
  root,
);
void checkSession();

effect(() => {
  const here = route.value;
  const place = here.page === "run" ? (scope.runs.fixedRun.value?.name ?? here.id) : "project" in here ? here.project : "";
  document.title = place === "" ? "Diorama" : `${place} · Diorama`;
});

// Nothing is asked for before somebody is signed in.
const stop = effect(() => {
  if (session.value.is !== "in") return;
  startLive();
  scope.start();
  queueMicrotask(() => stop());
});
