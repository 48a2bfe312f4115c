/**
 * What can be said about a filter before (or although) the server was asked: a term that is not finished, a name
 * that no run has. The server alone decides what matches.
 */
import type { ColumnView } from "@/api/schema";

const TOKEN =
  /[\s,]*-?(?:(tag|state):("[^"]*"|[^\s,"]*)|("[^"]+"|[^\s,"=!<>~]+)\s*(!=|>=|<=|=|>|<|~)\s*("[^"]*"|[^\s,"]*)|("[^"]*"|[^\s,"]+))/y;
const STATES = ["running", "finished", "failed", "crashed", "killed"];
const FIELDS = [
  "name", "id", "state", "group", "job_type", "host", "notes", "created_at", "last_activity_at", "last_step", "exit_code", "tag", "tags",
];

/** Why the text cannot be asked yet, or null. */
export function unfinishedTerm(text: string): string | null {
  if (text.split('"').length % 2 === 0) return "A quotation mark is not closed.";
  for (const term of terms(text)) {
    if (term[1] !== undefined && term[2] === "") {
      return `\`${term[1]}:\` needs a ${term[1] === "tag" ? "tag" : `state: ${STATES.join(", ")}`}.`;
    }
    if (term[4] !== undefined && term[5] === "") return `\`${term[3]} ${term[4]}\` needs a value.`;
  }
  return null;
}

/** Hints for a filter that matched nothing: states and names that do not exist. */
export function filterHints(text: string, columns: readonly ColumnView[]): string[] {
  const known = new Set(columns.flatMap(({ path }) => [path, path.replace(/^(config|summary)\./, "")]).concat(FIELDS));
  const hints: string[] = [];
  for (const term of terms(text)) {
    const state = term[1] === "state" ? unquoted(term[2] ?? "") : "";
    if (state !== "" && !STATES.includes(state)) hints.push(`There is no state “${state}”: ${STATES.join(", ")}.`);
    const path = term[3] === undefined ? "" : unquoted(term[3]);
    if (path !== "" && !known.has(path)) hints.push(`No run has a value called “${path}”.`);
  }
  return hints;
}

function terms(text: string): RegExpExecArray[] {
  const found: RegExpExecArray[] = [];
  TOKEN.lastIndex = 0;
  const end = text.replace(/[\s,]+$/, "").length;
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(text);
    if (!match) break;
    found.push(match);
  }
  return found;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
