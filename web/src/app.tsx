/** The whole window: the page of the route, and what floats above every page. */
import type { JSX } from "preact";
import { EmptyState, ErrorState } from "@/parts/States";
import { Button } from "@/parts/Button";
import { Palette } from "@/panels/Palette";
import { ShortcutSheet } from "@/panels/ShortcutSheet";
import { Toasts } from "@/panels/Toasts";
import { TopBar } from "@/panels/TopBar";
import { Projects } from "@/pages/Projects";
import { RunPage } from "@/pages/RunPage";
import { RunTable } from "@/pages/RunTable";
import { SignIn } from "@/pages/SignIn";
import { Workspace } from "@/pages/Workspace";
import { type Route, navigate, route } from "@/state/page/route";
import { checkSession, session } from "@/state/server/session";
import { openDialog } from "@/state/page/layout";

export function App(): JSX.Element {
  const now = session.value;
  if (now.is === "asking") return <div class="app-blank" aria-busy="true" />;
  if (now.is === "out") return <SignIn />;
  if (now.is === "failed") return <ErrorState title="The page could not be opened" error={now.error} onRetry={() => void checkSession()} />;
  return (
    <div class="app">
      <TopBar />
      <Page here={route.value} />
      {openDialog.value === "palette" && <Palette />}
      {openDialog.value === "keys" && <ShortcutSheet />}
      <Toasts />
    </div>
  );
}

function Page({ here }: { here: Route }): JSX.Element {
  switch (here.page) {
    case "projects":
      return <Projects />;
    case "workspace":
      return <Workspace />;
    case "table":
      return <RunTable />;
    case "run":
      return <RunPage here={here} />;
    case "unknown":
      return (
        <main class="page">
          <EmptyState title="There is no such page" icon="search" action={<Button onClick={() => navigate("/")}>All projects</Button>}>
            Nothing is kept at <code>{here.path}</code>. The link may be cut short.
          </EmptyState>
        </main>
      );
  }
}
