/**
 * A page of the browser tests only, no part of the app: two workspaces side by side, each with a scope and a project of its own. The tests
 * build it (vite.proof.config.ts) and put it in the place of a project's page.
 */
import { effect, signal } from "@preact/signals";
import { render } from "preact";
import { VIEWS } from "@/media/views";
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/proofs/two-scopes.css";
import { registerViews } from "@/media/registry";
import { Workspace } from "@/pages/Workspace";
import { PANELS } from "@/panels/panels";
import { registerPanels } from "@/panels/registry";
import { type Route, route } from "@/state/page/route";
import { ScopeContext, makeScope } from "@/state/scope";
import { startLive } from "@/state/server/live";
import { checkSession, session } from "@/state/server/session";
import { source } from "@/state/server/source";

const root = document.getElementById("app");
if (!root) throw new Error("two-scopes.html has no #app");

const left = makeScope({ source, namespace: "", route });
const right = makeScope({ source, namespace: "b.", route: signal<Route>({ page: "workspace", entity: "lab", project: "elsewhere" }) });

registerViews(VIEWS);
registerPanels(PANELS);
render(
  <div class="two-scopes">
    {[
      { name: "Left", scope: left },
      { name: "Right", scope: right },
    ].map(({ name, scope }) => (
      <section key={name} aria-label={name}>
        <ScopeContext.Provider value={scope}>
          <Workspace />
        </ScopeContext.Provider>
      </section>
    ))}
  </div>,
  root,
);
void checkSession();

const stop = effect(() => {
  if (session.value.is !== "in") return;
  startLive();
  left.start();
  right.start();
  queueMicrotask(() => stop());
});
