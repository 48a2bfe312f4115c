/** The sheet behind `?`: every command that has keys, by group, straight from the registry. */
import type { JSX } from "preact";
import { IconButton } from "@/parts/Button";
import { Dialog } from "@/parts/Dialog";
import { Keys } from "@/parts/Keys";
import { type Command, commands } from "@/state/page/commands";
import { openDialog } from "@/state/page/layout";
import "@/panels/palette.css";

export function ShortcutSheet(): JSX.Element {
  const groups = new Map<string, Command[]>();
  for (const command of commands.value) {
    if (command.keys === undefined) continue;
    const list = groups.get(command.group);
    if (list) list.push(command);
    else groups.set(command.group, [command]);
  }
  const close = (): void => {
    openDialog.value = "none";
  };
  return (
    <Dialog label="Keys" class="sheet" onClose={close}>
      <div class="sheet-head">
        <h2>Keys</h2>
        <IconButton icon="close" label="Close (Esc)" onClick={close} />
      </div>
      <div class="sheet-groups">
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {list.map((command) => (
                <div key={command.id} class="sheet-row">
                  <dt>{command.title}</dt>
                  <dd>
                    {(typeof command.keys === "string" ? [command.keys] : (command.keys ?? [])).map((keys) => (
                      <Keys key={keys} keys={keys} />
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Everywhere</h3>
          <dl>
            <div class="sheet-row">
              <dt>Close what is open, one level at a time</dt>
              <dd>
                <Keys keys="Escape" />
              </dd>
            </div>
            <div class="sheet-row">
              <dt>In the run list: move, show or hide, open</dt>
              <dd>
                <Keys keys="ArrowUp" />
                <Keys keys="ArrowDown" />
                <Keys keys="Space" />
                <Keys keys="Enter" />
              </dd>
            </div>
            <div class="sheet-row">
              <dt>In the run list: select several</dt>
              <dd>
                <Keys keys="Shift+ArrowDown" />
                <Keys keys="Mod+A" />
              </dd>
            </div>
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
