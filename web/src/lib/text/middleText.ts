/** Texts that give way in their middle where there is no room: names begin and end with what matters. */

const LONGEST_TAIL = 12;
const SHORTEST_TAIL = 4;
const USUAL_TAIL = 8;

/**
 * The end that is kept: from a "/", "-", "_" or space on, where that makes a word of a few letters, else some letters.
 * Never more than half of the text, and no surrogate pair is cut in two.
 */
export function tailLength(text: string): number {
  const most = Math.min(LONGEST_TAIL, Math.floor(text.length / 2));
  const ends = [...text.matchAll(/[/_\- ]/g)].map((mark) => text.length - mark.index).filter((end) => end >= SHORTEST_TAIL && end <= most);
  const length = ends.at(-1) ?? Math.min(USUAL_TAIL, most);
  return /[\uDC00-\uDFFF]/.test(text.charAt(text.length - length)) ? length + 1 : length;
}

/** The same for a place that takes only text, such as an option of a list. */
export function shortenMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.min(Math.floor((most - 1) / 2), tailLength(text));
  return `${text.slice(0, most - 1 - tail)}…${text.slice(text.length - tail)}`;
}
