import { effect } from "@preact/signals";
import { render } from "preact";
// The order of the styles: those of the kinds, those of the page (its ring around what has the focus), those of panels.
import { VIEWS } from "@/media/views";
import "@/styles/tokens.css";
import "@/styles/base.css";
import { App } from "@/app";
import { registerViews } from "@/media/registry";
import { registerFrameCommands } from "@/panels/frameCommands";
import { TellError } from "@/parts/CopyButton";
import { listenForKeys } from "@/state/page/commands";
import { startDetail } from "@/state/runs/detail";
import { startKeys } from "@/state/runs/keys";
import { startLive } from "@/state/server/live";
import { route } from "@/state/page/route";
import { fixedRun, startRuns } from "@/state/runs/runs";
import { startSparks } from "@/state/metrics/sparks";
import { checkSession, session } from "@/state/server/session";
import { showToast } from "@/state/page/toasts";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

registerViews(VIEWS);
registerFrameCommands();
listenForKeys();
render(
  <TellError.Provider value={(text) => showToast(text, { tone: "error" })}>
    <App />
  </TellError.Provider>,
  root,
);
void checkSession();

effect(() => {
  const here = route.value;
  const place = here.page === "run" ? (fixedRun.value?.name ?? here.id) : "project" in here ? here.project : "";
  document.title = place === "" ? "Diorama" : `${place} · Diorama`;
});

// Nothing is asked for before somebody is signed in.
const stop = effect(() => {
  if (session.value.is !== "in") return;
  startLive();
  startRuns();
  startDetail();
  startKeys();
  startSparks();
  queueMicrotask(() => stop());
});
