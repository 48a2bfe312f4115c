/** Play, seek, step, speed and sound of one video, or of all when they play together. */
import type { JSX } from "preact";
import { formatTime } from "@/media/playing";
import { type Player, SPEEDS } from "@/media/video/player";
import { videosTogether } from "@/media/video/together";
import type { CardSize } from "@/media/view";
import { IconButton } from "@/parts/Button";
import { useScope } from "@/state/scope";
import { Slider } from "@/parts/Slider";

const WIDE = 300;

export function VideoControls({
  player,
  size,
  width,
  onToggle,
}: {
  player: Player;
  size: CardSize;
  width: number;
  onToggle: () => void;
}): JSX.Element {
  const { isTogether, seekPlayer, setPlayerSpeed, setTogether, stepPlayer } = videosTogether(useScope());
  const { record } = player;
  const isPlaying = player.isPlaying.value;
  const duration = player.duration.value;
  const time = player.time.value;
  const frame = player.frame;
  const count = record.frame_count ?? null;
  const isWide = size === "full" || width >= WIDE;
  const digits = duration < 10 ? 2 : 1;
  const counter = frame === null || count === null ? "" : `${frame + 1}/${count}`;
  const nextSpeed = SPEEDS[(SPEEDS.indexOf(player.speed.value) + 1) % SPEEDS.length] ?? 1;
  return (
    <>
      {size !== "full" && (
        <div class="video-progress" style={{ "--share": `${duration > 0 ? Math.min(100, (time / duration) * 100) : 0}%` }} />
      )}
      <div class={`video-controls${size === "full" ? " video-controls-full" : ""}`} data-own-pointer>
        <IconButton icon={isPlaying ? "pause" : "play"} size={14} label={isPlaying ? "Pause (Space)" : "Play (Space)"} onClick={onToggle} />
        {isWide && <IconButton icon="chevronLeft" size={14} label="One frame back (←)" onClick={() => stepPlayer(player, -1)} />}
        {isWide && <IconButton icon="chevronRight" size={14} label="One frame on (→)" onClick={() => stepPlayer(player, 1)} />}
        <Slider
          label="Position"
          value={Math.min(time, duration)}
          min={0}
          max={duration || 1}
          text={`${formatTime(time, digits)} of ${formatTime(duration, digits)}`}
          onInput={(secs) => seekPlayer(player, secs)}
        />
        <span class="video-time" title={counter === "" ? "" : `Frame ${counter.replace("/", " of ")}`}>
          {isWide ? `${formatTime(time, digits)} / ${formatTime(duration, digits)}` : ""}
          {isWide && counter !== "" ? " · " : ""}
          {counter === "" && !isWide ? formatTime(time, digits) : counter}
        </span>
        {isWide && (
          <button
            class="video-speed"
            type="button"
            title="Speed (< and >)"
            aria-label={`Speed ${player.speed.value}×; change to ${nextSpeed}×`}
            onClick={() => setPlayerSpeed(player, nextSpeed)}
          >
            {player.speed.value}×
          </button>
        )}
        {record.has_audio && (
          <IconButton
            icon={player.isMuted.value ? "soundOff" : "sound"}
            size={14}
            label={player.isMuted.value ? "Sound on (M)" : "Sound off (M)"}
            isPressed={!player.isMuted.value}
            onClick={() => player.setMuted(!player.isMuted.peek())}
          />
        )}
        {size === "full" && isTogether.value && (
          <IconButton icon="together" size={14} label="Play alone again" isPressed onClick={() => setTogether(false)} />
        )}
      </div>
    </>
  );
}
