// The settings of charts, for the page and for a single panel, in one form.

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Smoothing } from "@/lib/charts/smoothing";
import { columnTitle } from "@/lib/runs/paths";
import { axisName } from "@/lib/text/axisFormat";
import { shortenMiddle } from "@/lib/text/middleText";
import { Button } from "@/parts/Button";
import { Popover } from "@/parts/Popover";
import { Slider } from "@/parts/Slider";
import { TextField } from "@/parts/TextField";
import { Choice, Select, Toggle } from "@/parts/Toggle";
import type { PanelRef } from "@/state/page/panelSettings";
import { type ChartSettings, FIRST_AMOUNT, MOST_AMOUNT, type YRange, limitsFrom } from "@/state/charts/settings";
import { type Scope, useScope } from "@/state/scope";

type Change = (changes: Partial<ChartSettings>) => void;

/** The button of the page's chart settings. */
export function PageChartSettings(): JSX.Element {
  const scope = useScope();
  const { isReplacedShown, pageSettings } = scope.charts;
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <span class="chart-settings">
      <Button
        buttonRef={button}
        look="plain"
        icon="settings"
        label="Settings of all charts"
        isExpanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {summaryOf(scope, pageSettings.value)}
      </Button>
      {isOpen && (
        <Popover anchor={button} label="Settings of all charts" align="end" onClose={() => setOpen(false)}>
          <SettingsForm settings={pageSettings.value} onChange={(changes) => changeAll(scope, changes)} />
          <div class="chart-form">
            <span class="chart-form-label">Resumed runs</span>
            <Toggle
              label="also what a later session replaced, faintly"
              isOn={isReplacedShown.value}
              onChange={(isOn) => (isReplacedShown.value = isOn)}
            />
          </div>
          <GroupChoice />
        </Popover>
      )}
    </span>
  );
}

function changeAll(scope: Scope, changes: Partial<ChartSettings>): void {
  const { charts: { changePage }, tracks: { changeAxis } } = scope;
  if (changes.x !== undefined) void changeAxis(changes.x);
  changePage(changes);
}

/** "x: step · smoothing 0.6": what a section's heading says about its charts. */
export function summaryOf(scope: Scope, { x, smoothing, isLogX, isLogY }: ChartSettings): string {
  const { charts: { isMeanOfGroups }, runs: { groupBy } } = scope;
  const parts = [`x: ${shortenMiddle(axisName(x), 24)}${isLogX ? " (log)" : ""}`];
  if (groupBy.value !== "" && isMeanOfGroups.value) parts.push(`mean by ${shortenMiddle(columnTitle(groupBy.value), 16)}`);
  if (isLogY) parts.push("log y");
  if (smoothing.kind !== "none") parts.push(`smoothing ${amountText(smoothing)}`);
  return parts.join(" · ");
}

/** The settings of one panel, over those of the page. */
export function OneChartSettings({ panel }: { panel: PanelRef<ChartSettings> }): JSX.Element {
  const { askedBy, panels: { change, ownOf, reset, settingsOf } } = useScope().charts;
  const hasOwn = Object.keys(ownOf(panel)).length > 0;
  const asked = askedBy(panel.keys[0]).x;
  const usual = asked === undefined ? "As the page's settings" : `As the page's settings, over ${axisName(asked)} as define_metric says`;
  return (
    <>
      <SettingsForm settings={settingsOf(panel).value} onChange={(changes) => change(panel, changes)} />
      <div class="chart-form-foot">
        <span class="chart-form-hint">
          {hasOwn ? "This chart has its own settings." : `${usual}; changes here are for this chart.`}
        </span>
        <Button look="plain" icon="reset" isDisabled={!hasOwn} onClick={() => reset(panel)}>
          As the page
        </Button>
      </div>
    </>
  );
}

function SettingsForm({ settings, onChange }: { settings: ChartSettings; onChange: Change }): JSX.Element {
  const { axes: { axisChoices }, clock: { axis: pageAxis } } = useScope();
  const { smoothing, y } = settings;
  const choices = [...new Set([...axisChoices.value, settings.x, pageAxis.value])];
  return (
    <div class="chart-form">
      <span class="chart-form-label">Smoothing</span>
      <Choice
        label="Smoothing"
        value={smoothing.kind}
        options={[
          { value: "none", label: "None" },
          { value: "ema", label: "EMA", title: "Exponential moving average, weighted by distance in x, debiased" },
          { value: "gaussian", label: "Gaussian", title: "Weights by a bell curve on both sides" },
          { value: "running", label: "Mean", title: "Mean of a window on both sides" },
        ]}
        onChange={(kind) => onChange({ smoothing: { kind, amount: FIRST_AMOUNT[kind] } })}
      />
      {smoothing.kind !== "none" && (
        <>
          <span />
          <div class="chart-form-amount">
            <Slider
              label="Amount of smoothing"
              min={0}
              max={MOST_AMOUNT[smoothing.kind]}
              step={smoothing.kind === "ema" ? 0.001 : 0.1}
              value={smoothing.amount}
              text={amountText(smoothing)}
              onInput={(amount) => onChange({ smoothing: { kind: smoothing.kind, amount } })}
            />
            <span class="chart-form-read">{amountText(smoothing)}</span>
          </div>
        </>
      )}
      <span class="chart-form-label">X axis</span>
      <div class="chart-form-row">
        <Select
          label="X axis"
          value={settings.x}
          options={choices.map((value) => ({ value, label: shortenMiddle(axisName(value), 32) }))}
          onChange={(x) => onChange({ x })}
        />
        <Toggle label="log" isOn={settings.isLogX} onChange={(isLogX) => onChange({ isLogX })} />
      </div>
      <span class="chart-form-label">Y axis</span>
      <div class="chart-form-row">
        <Choice
          label="Y range"
          value={typeof y === "string" ? y : "manual"}
          options={[
            { value: "auto", label: "All" },
            { value: "clip", label: "No outliers", title: "Leave the outermost values out of sight; the chart says how many" },
            { value: "manual", label: "From–to" },
          ]}
          onChange={(mode) => onChange({ y: mode === "manual" ? { min: 0, max: null } : mode })}
        />
        <Toggle label="log" isOn={settings.isLogY} onChange={(isLogY) => onChange({ isLogY })} />
      </div>
      {typeof y === "object" && (
        <>
          <span />
          <Limits min={y.min} max={y.max} onChange={(limits) => onChange({ y: limits })} />
        </>
      )}
      <span class="chart-form-label">Band</span>
      <Toggle
        label="min to max of what a pixel stands for"
        isOn={settings.isBandShown}
        onChange={(isBandShown) => onChange({ isBandShown })}
      />
    </div>
  );
}

/** Of the page, while the rail gathers runs in groups. */
function GroupChoice(): JSX.Element | null {
  const { charts: { isMeanOfGroups }, runs: { groupBy } } = useScope();
  if (groupBy.value === "") return null;
  return (
    <div class="chart-form">
      <span class="chart-form-label">Groups</span>
      <Choice
        label="Curves of groups"
        value={isMeanOfGroups.value ? "mean" : "runs"}
        options={[
          {
            value: "mean",
            label: "Mean",
            title: "One curve for each group: the mean of its runs, with their least and greatest value as its band",
          },
          { value: "runs", label: "Every run" },
        ]}
        onChange={(choice) => (isMeanOfGroups.value = choice === "mean")}
      />
    </div>
  );
}

interface LimitsProps {
  min: number | null;
  max: number | null;
  onChange: (limits: Exclude<YRange, string>) => void;
}

/** The chart keeps its limits until the fields hold others that make sense. */
function Limits({ min, max, onChange }: LimitsProps): JSX.Element {
  const [from, setFrom] = useState(String(min ?? ""));
  const [to, setTo] = useState(String(max ?? ""));
  const found = limitsFrom(from, to);
  const isInvalid = typeof found === "string";
  const commit = (): void => {
    if (!isInvalid) onChange(found);
  };
  return (
    <div>
      <div class="chart-form-row">
        <TextField
          label="Y from"
          placeholder="auto"
          value={from}
          isInvalid={isInvalid}
          onInput={setFrom}
          onCommit={commit}
        />
        <span aria-hidden="true">–</span>
        <TextField
          label="Y to"
          placeholder="auto"
          value={to}
          isInvalid={isInvalid}
          onInput={setTo}
          onCommit={commit}
        />
      </div>
      {isInvalid && <p class="field-error" role="alert">{found}</p>}
    </div>
  );
}

function amountText({ kind, amount }: Smoothing): string {
  if (kind === "ema") return String(Number(amount.toFixed(3)));
  return `${Number(amount.toFixed(1))} % of the width`;
}

export type { YRange };
