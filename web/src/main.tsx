import "@/styles/tokens.css";
import "@/styles/base.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "@/app";
import { listenForKeys } from "@/state/commands";
import { startDetail } from "@/state/detail";
import { registerFrameCommands } from "@/state/frame";
import { startKeys } from "@/state/keys";
import { startLive } from "@/state/live";
import { route } from "@/state/route";
import { fixedRun, startRuns } from "@/state/runs";
import { startSparks } from "@/state/sparks";
import { checkSession, session } from "@/state/session";

const root = document.getElementById("app");
if (!root) throw new Error("index.html has no #app");

registerFrameCommands();
listenForKeys();
render(<App />, root);
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
