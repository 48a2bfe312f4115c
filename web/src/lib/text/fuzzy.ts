/** Fuzzy matching for the palette: letters in order, better when they stand together or begin words. */
export interface FuzzyMatch {
  score: number;
  /** Positions in the text that matched, ascending. */
  at: number[];
}

/** null when `wanted` is not in `text`. Words separated by spaces may match in any order. */
export function fuzzyMatch(wanted: string, text: string): FuzzyMatch | null {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const at = new Set<number>();
  let score = 0;
  for (const word of words) {
    const match = matchWord(word, text);
    if (!match) return null;
    score += match.score;
    for (const index of match.at) at.add(index);
  }
  // Words in the order that they were typed, side by side, are what was meant.
  const phrase = words.join(" ");
  if (words.length > 1 && text.toLowerCase().includes(phrase)) score += 2 * phrase.length;
  return { score: score - text.length / 200, at: [...at].sort((a, b) => a - b) };
}

function matchWord(word: string, text: string): FuzzyMatch | null {
  const lower = text.toLowerCase();
  const whole = lower.indexOf(word);
  if (whole >= 0) {
    const start = bestStart(word, lower, text, whole);
    const at = Array.from({ length: word.length }, (_, index) => start + index);
    return { score: 4 * word.length + (isWordStart(text, start) ? 6 : 2) + (start === 0 ? 2 : 0), at };
  }
  const at: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of word) {
    const found = nextLetter(letter, lower, text, from);
    if (found < 0) return null;
    score += found === from && at.length > 0 ? 3 : isWordStart(text, found) ? 2.5 : 0.5 - Math.min(0.4, (found - from) / 40);
    at.push(found);
    from = found + 1;
  }
  return { score, at };
}

/** Where the word stands at the start of a word, if it does anywhere; else its first place. */
function bestStart(word: string, lower: string, text: string, first: number): number {
  for (let at = first; at >= 0; at = lower.indexOf(word, at + 1)) if (isWordStart(text, at)) return at;
  return first;
}

/** The next place of a letter; one that begins a word is preferred when the plain next one stands in a word's middle. */
function nextLetter(letter: string, lower: string, text: string, from: number): number {
  const plain = lower.indexOf(letter, from);
  if (plain < 0 || plain === from || isWordStart(text, plain)) return plain;
  for (let at = plain; at >= 0; at = lower.indexOf(letter, at + 1)) if (isWordStart(text, at)) return at;
  return plain;
}

function isWordStart(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charAt(at - 1);
  const here = text.charAt(at);
  return /[\s/._\-:]/.test(before) || (/[a-z0-9]/.test(before) && /[A-Z]/.test(here));
}
