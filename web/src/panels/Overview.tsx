/** What a run is: its state, where it ran, what it was told (config), what came out (summary). Name, tags and notes are edited here. */
import type { JSX } from "preact";
import type { RunDetail, WarningView } from "@/api/schema";
import { RUN_COLORS } from "@/lib/runs/colors";
import { type Tree, isTree } from "@/lib/runs/paths";
import { exactText, formatAgo, formatBytes, formatDate, formatDuration, formatNumber, formatValue } from "@/lib/text/format";
import { ColorDot } from "@/parts/ColorDot";
import { CopyButton } from "@/parts/CopyButton";
import { Icon } from "@/parts/Icon";
import { InlineEdit } from "@/parts/InlineEdit";
import { RunStateBadge } from "@/parts/RunState";
import { NotesEditor } from "@/panels/NotesEditor";
import { TagEditor } from "@/panels/TagEditor";
import { TableCellView } from "@/panels/TableCellView";
import { TreeView } from "@/panels/TreeView";
import { useScope } from "@/state/scope";
import "@/panels/overview.css";

export function Overview({ detail }: { detail: RunDetail }): JSX.Element {
  const { detail: { editRun }, runs: { runColor, setRunColor } } = useScope();
  const { run, environment, warnings } = detail;
  return (
    <main class="page overview" aria-label="Overview">
      <div class="overview-head">
        <ColorDot color={runColor(run.uid)} label={run.name} palette={RUN_COLORS} onChange={(color) => setRunColor(run.uid, color)} />
        <h1>
          <InlineEdit label="Name" value={run.name} onSave={(name) => void editRun(run, { name })} />
        </h1>
        <RunStateBadge run={run} />
      </div>
      <div class="overview-edit">
        <TagEditor tags={run.tags} onChange={(tags) => void editRun(run, { tags })} />
        <NotesEditor key={run.uid} notes={run.notes} onSave={(notes) => editRun(run, { notes })} />
      </div>
      <Warnings warnings={warnings} />
      <div class="overview-cards">
        <div>
          <Facts detail={detail} />
          <TreeView title="Environment" tree={environment} emptyText="Nothing is known about where it ran." />
        </div>
        <TreeView title="Config" tree={run.config} emptyText="The run was given no config." />
        <TreeView
          title="Summary"
          tree={run.summary}
          emptyText={run.state === "running" ? "Nothing was logged yet." : "Nothing was logged."}
        />
      </div>
      <div class="cellview-page">
        <TableCellView />
      </div>
    </main>
  );
}

function Warnings({ warnings }: { warnings: readonly WarningView[] }): JSX.Element | null {
  if (warnings.length === 0) return null;
  return (
    <section class="card warnings" aria-label="Warnings">
      <div class="card-head"><h2>Warnings</h2><span class="card-count">{warnings.length}</span></div>
      <ul>
        {warnings.map((warning, index) => (
          <li key={index} class="warning">
            <Icon name="warning" size={14} />
            <span class="warning-text">{warning.text}</span>
            {warning.count > 1 && <span class="warning-count">{warning.count.toLocaleString("en-US")} times</span>}
            <span class="warning-time" title={formatDate(warning.time)}>{formatAgo(warning.time)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Fact {
  name: string;
  text: string;
  title?: string;
  isCopied?: boolean;
  isMono?: boolean;
}

function Facts({ detail }: { detail: RunDetail }): JSX.Element {
  const facts = factsOf(detail).filter((fact) => fact.text !== "");
  return (
    <section class="card" aria-label="Run">
      <div class="card-head"><h2>Run</h2></div>
      <dl class="run-facts">
        {facts.map((fact) => (
          <div key={fact.name} class="run-fact">
            <dt>{fact.name}</dt>
            <dd class={fact.isMono ? "mono" : undefined} title={fact.title ?? fact.text}>
              <span class="run-fact-text">{fact.text}</span>
              {fact.isCopied && <CopyButton label={`Copy ${fact.name.toLowerCase()}`} text={fact.title ?? fact.text} />}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function factsOf({ run, environment }: RunDetail): Fact[] {
  const text = (name: string): string => formatValue(Object.hasOwn(environment, name) ? (environment[name] ?? "") : "");
  const git: Tree = isTree(environment["git"]) ? environment["git"] : {};
  const argv = Array.isArray(environment["argv"]) ? environment["argv"].map((part) => quoted(formatValue(part))) : [];
  const program = text("program");
  const command = program === "" ? "" : ["python", program, ...argv].join(" ");
  const commit = formatValue(git["commit"] ?? "");
  const memory = environment["memory_bytes"];
  const exit = run.exit_code === null ? "" : run.exit_code === 0 ? "0" : `${run.exit_code}`;
  return [
    { name: "Id", text: run.id, isCopied: true, isMono: true },
    { name: "Created", text: formatDate(run.created_at), title: `${formatDate(run.created_at)} (${formatAgo(run.created_at)})` },
    { name: "Runtime", text: formatDuration(run.runtime_secs) },
    { name: "Last activity", text: formatAgo(run.last_activity_at), title: formatDate(run.last_activity_at) },
    { name: "Last step", text: run.last_step === null ? "" : formatNumber(run.last_step) },
    { name: "Exit code", text: exit },
    { name: "Group", text: run.group ?? "" },
    { name: "Job type", text: run.job_type ?? "" },
    { name: "Host", text: run.host ?? text("host") },
    { name: "Command", text: command, isCopied: true, isMono: true },
    { name: "Folder", text: text("cwd"), isCopied: true, isMono: true },
    { name: "Python", text: text("python"), title: text("executable") || text("python") },
    { name: "System", text: text("os") },
    { name: "CPUs", text: text("cpu_count") },
    { name: "Memory", text: typeof memory === "number" ? formatBytes(memory) : "" },
    { name: "GPUs", text: gpuText(environment["gpus"]) },
    {
      name: "Git commit",
      text: commit === "" ? "" : `${commit.slice(0, 10)}${git["is_dirty"] === true ? " + changes" : ""}`,
      title: commit,
      isCopied: true,
      isMono: true,
    },
    { name: "Git branch", text: formatValue(git["branch"] ?? ""), isMono: true },
    { name: "Git remote", text: formatValue(git["remote"] ?? ""), isCopied: true, isMono: true },
  ];
}

function gpuText(gpus: unknown): string {
  if (!Array.isArray(gpus)) return "";
  return gpus.map((gpu) => (isTree(gpu) && Object.hasOwn(gpu, "name") ? formatValue(gpu["name"]) : exactText(gpu))).join(", ");
}

/** An argument as a shell would need it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
