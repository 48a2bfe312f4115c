/** A molecule wherever it is shown: a still picture, which becomes a live one where a person is. */
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MoleculeRecord } from "@/api/schema";
import { formatBytes, formatCount } from "@/lib/text/format";
import { MoleculeTools } from "@/media/molecule/MoleculeTools";
import { hoveredAtom, leaveLive, liveOwner, takeLive } from "@/media/molecule/live";
import { ATOMS_LIMIT, type Content, parserOf } from "@/media/molecule/looks";
import type { Molecule, Surroundings } from "@/media/molecule/scene";
import { NotWanted, still } from "@/media/molecule/stills";
import { moleculeViews } from "@/media/molecule/views";
import type { CardProps } from "@/media/view";
import { EmptyState, ErrorState } from "@/parts/States";
import { blobBytes, retryBlob } from "@/state/contents/blobs";
import { theme, token } from "@/state/page/theme";
import { useScope } from "@/state/scope";
import "@/media/molecule/molecule.css";

const BYTES_LIMIT = 48 * 1024 * 1024;
const THUMB = { width: 88, height: 66 };

export function MoleculeCard(props: CardProps<MoleculeRecord>): JSX.Element {
  const { record, size } = props;
  const refusal = refusalOf(record);
  if (refusal) {
    if (size === "thumb") return <span class="molecule-words truncate" title={refusal}>{record.smiles ?? record.name ?? "molecule"}</span>;
    return (
      <EmptyState isSmall icon="warning" title="It can’t be drawn">
        {refusal}
        {record.smiles && <div class="molecule-smiles">{record.smiles}</div>}
      </EmptyState>
    );
  }
  const fetched = blobBytes(record.blob).value;
  if (fetched.is === "failed" && size !== "thumb") {
    return <ErrorState isSmall title="The molecule could not be loaded" error={fetched.error} onRetry={() => retryBlob(record.blob)} />;
  }
  return <Drawn {...props} data={fetched.is === "ready" ? fetched.value : null} />;
}

/** Why a record is not even tried; null when it is. */
export function refusalOf(record: MoleculeRecord): string | null {
  if (!parserOf(record.format)) return record.note ?? `There is no viewer for “${record.format}” files.`;
  if (record.note && (record.atom_count === null || record.atom_count === undefined)) return `${record.note}. The file was kept as it is.`;
  const atoms = record.atom_count ?? 0;
  if (atoms > ATOMS_LIMIT) {
    const [there, most] = [atoms.toLocaleString("en"), ATOMS_LIMIT.toLocaleString("en")];
    return `${there} atoms are more than the ${most} that are drawn. Download the file to open it elsewhere.`;
  }
  if (record.blob.size_bytes > BYTES_LIMIT) {
    return `${formatBytes(record.blob.size_bytes)} are too much to be drawn here. Download the file to open it elsewhere.`;
  }
  return null;
}

interface Size {
  width: number;
  height: number;
}

function Drawn({ record, size, box, shown, data }: CardProps<MoleculeRecord> & { data: Uint8Array<ArrayBuffer> | null }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const me = useMemo(() => ({}), []);
  const [measured, setMeasured] = useState<Size | null>(null);
  const [content, setContent] = useState<Content | null>(null);
  const [failure, setFailure] = useState<{ sha256: string; reason: string } | null>(null);
  const [pose, setPose] = useState(0);
  const [resets, setResets] = useState(0);
  const molecule = useMemo<Molecule | null>(
    () => (data ? { sha256: record.blob.sha256, format: record.format, data, count: record.molecule_count ?? 1 } : null),
    [data, record.blob.sha256, record.format, record.molecule_count],
  );
  const { cameraOf, look } = moleculeViews(useScope());
  const camera = cameraOf(shown?.key ?? record.blob.sha256);
  const area = size === "thumb" ? THUMB : measured;
  const isLive = liveOwner.value === me;
  const wantsLive = size === "full" || isLive;
  const surroundings: Surroundings = { background: token("--surface"), isClear: size === "thumb", ink: token("--text-2") };
  const failed = failure?.sha256 === record.blob.sha256 ? failure.reason : null;

  useLayoutEffect(() => {
    const element = place.current;
    if (!element || size === "thumb") return;
    const measure = (): void => setMeasured({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [size, failed === null]);

  useLayoutEffect(() => () => leaveLive(me), [me]);

  const view = camera.value;
  const chosen = look.value;
  useLayoutEffect(() => {
    if (!molecule || !area || area.width < 8 || area.height < 8) return;
    let isGone = false;
    const fail = (thrown: unknown): void => {
      if (isGone || thrown instanceof NotWanted) return;
      setFailure({ sha256: molecule.sha256, reason: thrown instanceof Error ? thrown.message : String(thrown) });
    };
    if (wantsLive && place.current) {
      takeLive(me, place.current).then((scene) => {
        if (isGone || liveOwner.peek() !== me) return;
        scene.onCamera = (moved) => (camera.value = moved);
        scene.resize(area.width, area.height);
        scene.show(molecule, chosen, pose, camera.peek(), surroundings);
        setContent(scene.content);
      }).catch(fail);
    } else {
      still({ molecule, look: chosen, pose, camera: view, surroundings, ...area }, () => !isGone).then((drawn) => {
        if (isGone || !canvas.current) return;
        canvas.current.width = drawn.bitmap.width;
        canvas.current.height = drawn.bitmap.height;
        canvas.current.getContext("2d")?.drawImage(drawn.bitmap, 0, 0);
        setContent(drawn.content);
      }, fail);
    }
    return () => {
      isGone = true;
    };
    // A live viewer moves its own camera: it is not drawn again for what it said itself.
  }, [molecule, area?.width, area?.height, wantsLive, chosen, pose, resets, theme.value, wantsLive ? null : view]);

  if (failed !== null) {
    if (size === "thumb") return <span class="molecule-words truncate" title={failed}>{record.name ?? record.formula ?? "molecule"}</span>;
    return <EmptyState isSmall icon="warning" title="It can’t be drawn">{failed}</EmptyState>;
  }
  const label = record.caption ?? record.title ?? record.formula ?? record.name ?? "molecule";
  return (
    <div
      class={`molecule-card molecule-${size}`}
      style={box && size !== "thumb" ? { width: `${box.width}px`, height: `${box.height}px` } : {}}
      onPointerEnter={() => {
        if (size === "cell" && shown) liveOwner.value = me;
      }}
      title={size === "thumb" ? wordsOf(record) : undefined}
    >
      {size === "full" && (
        <MoleculeTools
          content={content}
          pose={pose}
          onPose={setPose}
          onReset={() => {
            camera.value = null;
            setResets((count) => count + 1);
          }}
          picture={() => place.current?.querySelector("canvas") ?? null}
          name={record.name ?? record.formula ?? "molecule"}
        />
      )}
      <div ref={place} class="molecule-place" role="img" aria-label={label} data-own-pointer={size === "cell" && isLive ? true : undefined}>
        {!wantsLive && <canvas ref={canvas} class="molecule-canvas" />}
        {content === null && size !== "thumb" && <div class="molecule-loading">loading</div>}
      </div>
      {size === "full" && <Foot record={record} />}
      {size === "cell" && isLive && hoveredAtom.value !== null && <div class="molecule-hover">{hoveredAtom.value}</div>}
      {size === "cell" && content !== null && content.poses > 1 && <div class="molecule-poses">{pose + 1} of {content.poses}</div>}
    </div>
  );
}

function Foot({ record }: { record: MoleculeRecord }): JSX.Element {
  return (
    <div class="molecule-foot">
      <span class="molecule-foot-words truncate" title={wordsOf(record)}>{wordsOf(record)}</span>
      {record.note && <span class="molecule-note truncate" title={record.note}>{record.note}</span>}
      <span class="molecule-foot-hover truncate" role="status">{hoveredAtom.value ?? ""}</span>
    </div>
  );
}

export function wordsOf(record: MoleculeRecord): string {
  const parts = [record.title, record.formula, record.atom_count ? formatCount(record.atom_count, "atom") : null, record.smiles];
  return parts.filter(Boolean).join(" · ") || (record.name ?? "molecule");
}
