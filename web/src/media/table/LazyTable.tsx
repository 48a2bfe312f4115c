/** Loads the table view when the first table is drawn. Until then its place is kept. */
import { type Signal, signal } from "@preact/signals";
import type { JSX } from "preact";
import type { TableViewProps } from "@/media/table/TableView";
import { ErrorState } from "@/parts/States";
import { apiErrorFrom } from "@/api/errors";

type View = (props: TableViewProps) => JSX.Element;

const view: Signal<View | null> = signal<View | null>(null);
const failure: Signal<unknown> = signal<unknown>(null);
let isAsked = false;

function load(): void {
  isAsked = true;
  import("@/media/table/TableView").then(
    (module) => (view.value = module.TableView),
    (thrown: unknown) => {
      failure.value = thrown;
      isAsked = false;
    },
  );
}

export function LazyTable(props: TableViewProps): JSX.Element {
  if (!isAsked) load();
  const Loaded = view.value;
  if (Loaded) return <Loaded {...props} />;
  if (failure.value !== null) return <ErrorState isSmall title="The table view could not be loaded" error={apiErrorFrom(failure.value)} />;
  return <div class="media-waiting" aria-busy="true" />;
}
