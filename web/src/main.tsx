import { render } from "preact";
import { signal } from "@preact/signals";
const n = signal(0);
render(<b onClick={() => n.value++}>{n}</b>, document.getElementById("app") as HTMLElement);
