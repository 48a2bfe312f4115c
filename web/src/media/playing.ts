/** What sound and video have in common: one sound at a time, and time as people read it. */

let voice: { owner: object; hush: () => void } | null = null;

/** `owner` is going to be heard: whoever was before is hushed. */
export function takeVoice(owner: object, hush: () => void): void {
  if (voice && voice.owner !== owner) voice.hush();
  voice = { owner, hush };
}

export function leaveVoice(owner: object): void {
  if (voice?.owner === owner) voice = null;
}

/** 63.25 -> "1:03.2", exact to `digits` places; the seconds are cut, so that a time is never shown before it is reached. */
export function formatTime(secs: number, digits = 1): string {
  if (!Number.isFinite(secs)) return "–:––";
  const unit = 10 ** digits;
  const parts = Math.floor(Math.max(0, secs) * unit + 1e-6);
  const whole = Math.floor(parts / unit);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = digits > 0 ? `.${String(parts % unit).padStart(digits, "0")}` : "";
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${pad(seconds)}${tail}`;
}

/** Why a media element plays nothing, for people. */
export function wordsForMediaError(error: MediaError | null, format: string): string {
  if (error?.code === MediaError.MEDIA_ERR_NETWORK) return "The file could not be loaded.";
  if (error?.code === MediaError.MEDIA_ERR_DECODE) return `This browser can't decode it: the ${format} is damaged, or it lacks the codec.`;
  return `This browser can't play this ${format}: it lacks the codec, or the file is no longer in the store.`;
}
