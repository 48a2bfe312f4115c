/** The bar on top of every page: where we are, which tab, whether data is live, search, commands, theme, share. */
import type { JSX } from "preact";
import { PageChartSettings } from "@/charts/SettingsForm";
import { Button } from "@/parts/Button";
import { Keys } from "@/parts/Keys";
import { Link } from "@/panels/Link";
import { Menu } from "@/parts/Menu";
import { MiddleText } from "@/parts/MiddleText";
import { TextField } from "@/parts/TextField";
import { FIELD_IDS, shareView } from "@/panels/frameCommands";
import { isLive, isPausedByHand, newSteps } from "@/state/server/live";
import { RUN_TABS, type Route, type RunTab, projectPath, route, runPath } from "@/state/page/route";
import { theme, themeChoice } from "@/state/page/theme";
import { openDialog } from "@/state/page/layout";
import { panelFilter } from "@/state/runs/panelSearch";
import { useScope } from "@/state/scope";
import "@/panels/frame.css";

const TAB_TITLES: Record<RunTab, string> = { overview: "Overview", charts: "Charts", system: "System", logs: "Logs", files: "Files" };

export function TopBar(): JSX.Element {
  const { keys } = useScope().keys;
  const here = route.value;
  const hasPanels = here.page === "workspace" || (here.page === "run" && here.tab === "charts");
  return (
    <header class="top">
      <Link class="top-logo" path="/" label="All projects">
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <rect x="1.75" y="1.75" width="16.5" height="16.5" rx="3.5" />
          <rect class="top-logo-pane" x="8.5" y="5.5" width="5.5" height="9" rx="1" />
        </svg>
      </Link>
      <Breadcrumb here={here} />
      <Tabs here={here} />
      <div class="top-space" />
      {"project" in here && <LiveChip />}
      {hasPanels && keys.value.some((key) => key.kind === "metric") && <PageChartSettings />}
      {hasPanels && <PanelSearch />}
      <Button look="normal" keys="Mod+K" label="All commands, runs and panels (Ctrl K)" onClick={() => (openDialog.value = "palette")}>
        Commands
      </Button>
      <Menu
        label={`Theme: ${themeChoice.value}`}
        icon={theme.value === "dark" ? "moon" : "sun"}
        align="end"
        items={(["system", "light", "dark"] as const).map((choice) => ({
          label: { system: "As the system", light: "Light", dark: "Dark" }[choice],
          isChecked: themeChoice.value === choice,
          onSelect: () => (themeChoice.value = choice),
        }))}
      />
      {"project" in here && (
        <Button icon="link" label="Copy the link to exactly this view" onClick={() => void shareView()}>
          Share view
        </Button>
      )}
    </header>
  );
}

function Breadcrumb({ here }: { here: Route }): JSX.Element {
  const { fixedRun, runColor } = useScope().runs;
  if (!("project" in here)) return <nav class="crumbs" aria-label="Place"><b>Projects</b></nav>;
  const run = fixedRun.value;
  return (
    <nav class="crumbs" aria-label="Place">
      <Link path="/" class="truncate">{here.entity}</Link>
      <span class="crumbs-slash">/</span>
      {here.page === "run" ? (
        <>
          <Link path={projectPath(here.entity, here.project)} class="truncate">{here.project}</Link>
          <span class="crumbs-slash">/</span>
          {run && <span class="dot" style={{ background: runColor(run.uid) }} />}
          <b class="crumbs-name"><MiddleText text={run?.name ?? here.id} /></b>
        </>
      ) : (
        <b class="crumbs-name"><MiddleText text={here.project} /></b>
      )}
    </nav>
  );
}

function Tabs({ here }: { here: Route }): JSX.Element | null {
  if (!("project" in here)) return null;
  const tabs =
    here.page === "run"
      ? RUN_TABS.map((tab) => ({ title: TAB_TITLES[tab], path: runPath(here, tab), isHere: here.tab === tab }))
      : (["workspace", "table"] as const).map((page) => ({
          title: page === "workspace" ? "Panels" : "Table",
          path: projectPath(here.entity, here.project, page),
          isHere: here.page === page,
        }));
  return (
    <nav class="tabs" aria-label="Views">
      {tabs.map((tab) => (
        <Link key={tab.title} path={tab.path} class="tab" isCurrent={tab.isHere}>
          {tab.title}
        </Link>
      ))}
    </nav>
  );
}

/** Shows the connection and pauses it: a paused page stays as it is until it is told to go on. */
function LiveChip(): JSX.Element | null {
  const state = isLive.value;
  if (state === "off") return null;
  const steps = newSteps.value;
  const text = {
    live: steps > 0 ? `live · +${steps.toLocaleString("en-US")} ${steps === 1 ? "step" : "steps"}` : "live",
    connecting: "connecting",
    reconnecting: "reconnecting",
    paused: "paused",
  }[state];
  const isPaused = isPausedByHand.value;
  return (
    <button
      type="button"
      class={`live live-${state}`}
      aria-pressed={isPaused}
      title={isPaused ? "Go on with live updates" : "Pause live updates"}
      onClick={() => (isPausedByHand.value = !isPaused)}
    >
      <span class="live-dot" />
      <span role="status">{text}</span>
    </button>
  );
}

function PanelSearch(): JSX.Element {
  const { panelQuery } = useScope().panelSearch;
  const filter = panelFilter(panelQuery.value);
  return (
    <div id={FIELD_IDS.panels} class="top-search" title={filter instanceof Error ? filter.message : undefined}>
      <TextField
        label="Search panels"
        placeholder="Search panels"
        icon="search"
        hasClear
        value={panelQuery.value}
        isInvalid={filter instanceof Error}
        onInput={(text) => (panelQuery.value = text)}
      />
      {panelQuery.value === "" && <Keys keys="/" />}
    </div>
  );
}
