/** A text to read: wrapped or not, with line numbers or not, with what was searched for marked. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { type Block, type Match, blocksOf, linesOf, piecesOf } from "@/media/text/search";
import "@/media/text/text.css";

export interface TextViewProps {
  text: string;
  isWrapped: boolean;
  hasNumbers: boolean;
  isMono: boolean;
  matches: readonly Match[];
  /** Index in `matches` of the one that a person is at; -1 for none. */
  current: number;
  label: string;
}

const LINE_PX = 18;

export function TextView({ text, isWrapped, hasNumbers, isMono, matches, current, label }: TextViewProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const blocks = useMemo(() => blocksOf(text), [text]);
  const drawn = useMemo(
    () => blocks.map((block) => <TextBlock key={block.start} block={block} matches={matches} current={current} hasNumbers={hasNumbers} />),
    [blocks, matches, current, hasNumbers],
  );
  useLayoutEffect(() => {
    box.current?.querySelector(".text-match-current")?.scrollIntoView({ block: "center", inline: "nearest" });
  }, [current, matches]);
  const looks = [isWrapped ? "text-wrapped" : "", hasNumbers ? "text-numbered" : "", isMono ? "text-mono" : ""].join(" ");
  return <div ref={box} class={`text-view ${looks}`} tabIndex={0} role="document" aria-label={label}>{drawn}</div>;
}

interface TextBlockProps {
  block: Block;
  matches: readonly Match[];
  current: number;
  hasNumbers: boolean;
}

function TextBlock({ block, matches, current, hasNumbers }: TextBlockProps): JSX.Element {
  const style = { containIntrinsicBlockSize: `auto ${block.lineCount * LINE_PX}px` };
  if (!hasNumbers) return <div class="text-block" style={style}><Pieces {...{ ...block, matches, current }} /></div>;
  return (
    <div class="text-block" style={style}>
      {linesOf(block).map((line, at) => (
        <div key={line.start} class="text-line" data-line={at === 0 && block.isContinued ? "" : block.line + at + 1}>
          <Pieces {...{ ...line, matches, current }} />
        </div>
      ))}
    </div>
  );
}

function Pieces({
  start,
  text,
  matches,
  current,
}: {
  start: number;
  text: string;
  matches: readonly Match[];
  current: number;
}): JSX.Element {
  if (matches.length === 0) return <>{text}</>;
  return (
    <>
      {piecesOf({ start, text }, matches).map((piece, at) =>
        piece.match < 0 ? (
          piece.text
        ) : (
          <mark key={at} class={piece.match === current ? "text-match text-match-current" : "text-match"}>
            {piece.text}
          </mark>
        ),
      )}
    </>
  );
}
