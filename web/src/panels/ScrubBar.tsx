// The clock of the page: play, step, read-out, the track, axis, match rule, follow-live. Always there.

import { effect } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { MATCH_RULES, type MatchRule } from "@/lib/clock/resolve";
import { axisName, formatElapsed, formatPosition, formatShort, parsePosition } from "@/lib/text/axisFormat";
import { shortenMiddle } from "@/lib/text/middleText";
import { Button, IconButton } from "@/parts/Button";
import { Menu } from "@/parts/Menu";
import { BUILT_IN_AXES } from "@/state/clock/axes";
import { SPEEDS } from "@/state/clock/clock";
import { registerCommand } from "@/state/page/commands";
import { ScrubTrack } from "@/panels/ScrubTrack";
import { type Scope, useScope } from "@/state/scope";
import "@/panels/scrub.css";

const RULE_NAMES: Record<MatchRule, { name: string; detail: string }> = {
  "at-or-before": { name: "at or before", detail: "the latest step up to here" },
  exact: { name: "exact", detail: "only what was logged right here" },
  nearest: { name: "nearest", detail: "before or after" },
  last: { name: "each run's last", detail: "wherever the bar stands" },
};

export function ScrubBar(): JSX.Element {
  const scope = useScope();
  const { clock: { extent, isLooping, isPlaying, matchRule, speed }, player: { startPlayer, togglePlay } } = scope;
  useLayoutEffect(() => {
    startPlayer();
    const stops = clockCommands(scope).map(registerCommand);
    return () => {
      isPlaying.value = false;
      for (const stop of stops) stop();
    };
  }, []);
  const hasNothing = extent.value === null;
  return (
    <footer class="scrub" aria-label="Scrub bar">
      <div class="scrub-left">
        <button
          type="button"
          class="scrub-play"
          aria-label={isPlaying.value ? "Pause (Space)" : "Play (Space)"}
          title={isPlaying.value ? "Pause (Space)" : "Play (Space)"}
          disabled={hasNothing}
          onClick={togglePlay}
        >
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
            <path d={isPlaying.value ? "M3 2h3v10H3zM8 2h3v10H8z" : "M3.5 1.5v11l9-5.5z"} fill="currentColor" />
          </svg>
        </button>
        <StepButton keys="[" label="One step back ( [ ; with Shift ten )" count={-1} />
        <StepButton keys="]" label="One step on ( ] ; with Shift ten )" count={1} />
        <Readout />
      </div>
      <ScrubTrack />
      <div class="scrub-right">
        <IconButton icon="loop" label="Loop" isPressed={isLooping.value} onClick={() => (isLooping.value = !isLooping.peek())} />
        <Menu
          label="Speed"
          look="plain"
          align="end"
          text={`${speed.value}/s`}
          items={SPEEDS.map((each) => ({
            label: `${each} ${each === 1 ? "step" : "steps"} a second`,
            isChecked: each === speed.value,
            onSelect: () => (speed.value = each),
          }))}
        />
        <AxisMenu />
        <Menu
          label="Which step a tile shows"
          align="end"
          text={RULE_NAMES[matchRule.value].name}
          items={MATCH_RULES.map((rule) => ({
            label: RULE_NAMES[rule].name,
            detail: RULE_NAMES[rule].detail,
            isChecked: rule === matchRule.value,
            onSelect: () => (matchRule.value = rule),
          }))}
        />
        <LiveButton />
      </div>
    </footer>
  );
}

function clockCommands(scope: Scope): Parameters<typeof registerCommand>[0][] {
  const { clock: { extent, isLooping, moveTo, range, stepBy }, player: { togglePlay } } = scope;
  const isEnabled = (): boolean => extent.peek() !== null;
  const group = "Clock";
  return [
    { id: "play", title: "Play or pause", keys: "Space", group, run: togglePlay, isEnabled },
    // with Shift first: a bare symbol also answers to Shift, as some keyboards need it to type one
    { id: "step-back-far", title: "Ten steps back", keys: "Shift+[", group, run: () => stepBy(-10), isEnabled },
    { id: "step-on-far", title: "Ten steps on", keys: "Shift+]", group, run: () => stepBy(10), isEnabled },
    { id: "step-back", title: "One step back", keys: "[", group, run: () => stepBy(-1), isEnabled },
    { id: "step-on", title: "One step on", keys: "]", group, run: () => stepBy(1), isEnabled },
    {
      id: "step-first",
      title: "First step",
      keys: "Home",
      group,
      run: () => moveTo(range.peek()?.[0] ?? extent.peek()?.[0] ?? null),
      isEnabled,
    },
    { id: "step-newest", title: "Newest step, and follow it", keys: "End", group, run: () => moveTo(null), isEnabled },
    { id: "loop", title: "Loop on or off", group, run: () => (isLooping.value = !isLooping.peek()) },
    {
      id: "range-clear",
      title: "Play all steps, not a range",
      group,
      run: () => (range.value = null),
      isEnabled: () => range.peek() !== null,
    },
  ];
}

function StepButton({ keys, label, count }: { keys: string; label: string; count: number }): JSX.Element {
  const { extent, stepBy } = useScope().clock;
  return (
    <button
      type="button"
      class="scrub-step"
      aria-label={label}
      title={label}
      disabled={extent.value === null}
      onClick={(event) => stepBy(event.shiftKey ? 10 * count : count)}
    >
      {keys}
    </button>
  );
}

/** "step 12,400 of 20,000"; a click makes it a field. */
function Readout(): JSX.Element {
  const { clock: { range, zoom }, tracks: { tracksError } } = useScope();
  const [isTyping, setTyping] = useState(false);
  const error = tracksError.value;
  return (
    <div class="scrub-readout">
      {isTyping ? <PositionField onDone={() => setTyping(false)} /> : <PositionText onClick={() => setTyping(true)} />}
      {error ? (
        <div class="scrub-sub scrub-bad" role="alert" title={error.hint}>{error.message}</div>
      ) : (
        <div class="scrub-sub" hidden={!range.value && !zoom.value}>
          {range.value && <Interval word="plays" value={range.value} label="Play all steps" onClear={() => (range.value = null)} />}
          {zoom.value && <Interval word="charts" value={zoom.value} label="Show all of the x axis" onClear={() => (zoom.value = null)} />}
        </div>
      )}
    </div>
  );
}

function Interval({
  word,
  value,
  label,
  onClear,
}: {
  word: string;
  value: readonly [number, number];
  label: string;
  onClear: () => void;
}): JSX.Element {
  const { axis } = useScope().clock;
  const [from, to] = value.map((end) => (axis.value === "step" ? compact(Math.round(end)) : formatPosition(axis.value, end)));
  return (
    <span class="scrub-interval">
      {word} {from}–{to}
      <IconButton icon="close" size={10} label={label} onClick={onClear} />
    </span>
  );
}

/** 12,400 as 12.4k. */
function compact(value: number): string {
  return Math.abs(value) < 1000 ? String(value) : formatShort(value + 1e-6);
}

function PositionText({ onClick }: { onClick: () => void }): JSX.Element {
  const { axes: { nothingText }, clock: { axis, extent, now } } = useScope();
  const host = useRef<HTMLButtonElement>(null);
  const strong = useRef<HTMLElement>(null);
  const rest = useRef<HTMLSpanElement>(null);
  useLayoutEffect(
    () =>
      effect(() => {
        const stand = now.value;
        const bounds = extent.value;
        if (!strong.current || !rest.current) return;
        if (stand === null || !bounds) {
          strong.current.textContent = "";
          rest.current.textContent = nothingText.value;
          return;
        }
        const name = axis.value === "time" || axis.value === "relative" ? "" : `${axisName(axis.value)} `;
        strong.current.textContent = name + formatPosition(axis.value, stand);
        rest.current.textContent = axis.value === "time"
          ? ` ${formatElapsed(stand - bounds[0])} in`
          : ` of ${formatPosition(axis.value, bounds[1])}`;
      }),
    [],
  );
  return (
    <button ref={host} type="button" class="scrub-text" title="Click to type a position" disabled={extent.value === null} onClick={onClick}>
      <b ref={strong} />
      <span ref={rest} />
    </button>
  );
}

function PositionField({ onDone }: { onDone: () => void }): JSX.Element {
  const { axis, extent, moveTo, now } = useScope().clock;
  const [text, setText] = useState(() => (now.peek() === null ? "" : formatPosition(axis.peek(), now.peek() ?? 0)));
  const bounds = extent.value ?? [0, 0];
  const value = parsePosition(text, axis.value, bounds);
  const isNewest = /^(last|newest|end)$/i.test(text.trim());
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const commit = (): void => {
    if (isNewest) moveTo(null);
    else if (value !== undefined) moveTo(value);
    onDone();
  };
  return (
    <input
      ref={field}
      class={`scrub-field${value === undefined && !isNewest ? " scrub-field-bad" : ""}`}
      aria-label={`Position: ${axisName(axis.value)}`}
      aria-invalid={value === undefined && !isNewest}
      title="A number, 50%, or last"
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={onDone}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        else if (event.key === "Escape") onDone();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    />
  );
}

function AxisMenu(): JSX.Element {
  const { axes: { axisChoices }, clock: { axis }, tracks: { changeAxis } } = useScope();
  const built = new Set(BUILT_IN_AXES);
  const choices = [...new Set([...axisChoices.value, axis.value])];
  return (
    <Menu
      label="Axis of the page"
      align="end"
      text={<><span class="scrub-wide">axis: </span>{shortenMiddle(axisName(axis.value), 20)}</>}
      items={choices.map((each, i) => ({
        label: axisName(each),
        isChecked: each === axis.value,
        divider: !built.has(each) && built.has(choices[i - 1] ?? "") ? "Metrics" : false,
        onSelect: () => void changeAxis(each),
      }))}
    />
  );
}

/** Follow the newest step; pressed again, stay where the page stands. */
function LiveButton(): JSX.Element {
  const { clock: { moveTo, now, position }, runs: { visibleRuns } } = useScope();
  const isFollowing = position.value === null;
  const isRunning = visibleRuns.value.some((run) => run.state === "running");
  return (
    <Button
      isPressed={isFollowing}
      label={isFollowing ? "Showing the newest step, and following it. Press to stay here." : "Go to the newest step and follow it (End)"}
      onClick={() => moveTo(isFollowing ? now.peek() : null)}
    >
      <span class={`scrub-dot${isFollowing && isRunning ? " scrub-dot-on" : ""}`} aria-hidden="true" />
      {isRunning ? "live" : "newest"}
    </Button>
  );
}
