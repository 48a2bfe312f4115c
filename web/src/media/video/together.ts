/** All videos of a scope as one: they start, stop, seek and step together and stay in step with the longest. */
import { type Signal, batch, signal } from "@preact/signals";
import type { Player } from "@/media/video/player";
import { scopePart } from "@/state/scope";

const CHECK_MS = 200;
/** Further apart than this is seen; closer would be mended for ever. */
const APART_SECS = 0.12;

export const videosTogether = scopePart(({ onStop }) => {
  /** Whether they play together. */
  const isTogether: Signal<boolean> = signal(false);

  const players = new Set<Player>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let isRunning = false;
  /** Where a video that comes later joins in. */
  let position = 0;
  let speed = 1;

  function joinTogether(player: Player): () => void {
    players.add(player);
    if (isTogether.peek()) fallIn(player);
    return () => players.delete(player);
  }

  function setTogether(isOn: boolean): void {
    batch(() => {
      isTogether.value = isOn;
      clearInterval(timer);
      if (isOn) {
        position = 0;
        speed = 1;
        isRunning = true;
        for (const player of players) fallIn(player);
        timer = setInterval(keepInStep, CHECK_MS);
      } else {
        isRunning = false;
        for (const player of players) {
          player.pause();
          player.doesLoop = true;
        }
      }
    });
  }

  function fallIn(player: Player): void {
    player.doesLoop = false;
    player.setMuted(true);
    player.setSpeed(speed);
    player.seek(position);
    if (isRunning) player.play();
  }

  /** Do it to this one, or to all when they play together. */
  function each(player: Player, act: (player: Player) => void): void {
    if (!isTogether.peek()) act(player);
    else for (const one of players) act(one);
  }

  function togglePlayer(player: Player): void {
    const willPlay = isTogether.peek() ? !isRunning : !player.isPlaying.peek();
    if (isTogether.peek()) isRunning = willPlay;
    each(player, (one) => (willPlay ? one.play() : one.pause()));
  }

  function seekPlayer(player: Player, secs: number): void {
    position = secs;
    each(player, (one) => one.seek(secs));
  }

  function stepPlayer(player: Player, by: number): void {
    isRunning = false;
    player.step(by);
    position = player.time.peek();
    if (!isTogether.peek()) return;
    for (const one of players) {
      if (one === player) continue;
      one.pause();
      one.seek(position);
    }
  }

  function setPlayerSpeed(player: Player, to: number): void {
    speed = to;
    each(player, (one) => one.setSpeed(to));
  }

  /** The longest video leads. The others are led back when they are off, wait at their end, and begin again with it. */
  function keepInStep(): void {
    const playable = [...players].filter((player) => player.problem.peek() === null && player.duration.peek() > 0);
    const leader = playable.reduce<Player | null>(
      (longest, player) => (longest === null || player.duration.peek() > longest.duration.peek() ? player : longest),
      null,
    );
    if (!leader || !isRunning) return;
    leader.doesLoop = false;
    if (!leader.isPlaying.peek() && leader.time.peek() >= leader.duration.peek() - 0.05) {
      position = 0;
      for (const player of playable) {
        player.seek(0);
        player.play();
      }
      return;
    }
    position = leader.time.peek();
    for (const player of playable) {
      if (player === leader) continue;
      const end = player.duration.peek();
      if (position >= end) {
        // One that began late is not over yet: it goes to its end, where the others of its length are.
        if (position > end + APART_SECS && player.isPlaying.peek()) {
          player.pause();
          player.seek(end);
        }
        continue;
      }
      if (Math.abs(player.time.peek() - position) > APART_SECS * Math.max(1, speed)) player.seek(position);
      if (!player.isPlaying.peek()) player.play();
    }
  }

  onStop(() => clearInterval(timer));
  return { isTogether, setTogether, joinTogether, togglePlayer, seekPlayer, stepPlayer, setPlayerSpeed };
});

export type VideosTogether = ReturnType<typeof videosTogether>;
