/** The page for a browser without a session: how to get one, and a field for the key. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { apiErrorFrom } from "@/api/errors";
import { Button } from "@/parts/Button";
import { CopyButton } from "@/parts/CopyButton";
import { TextField } from "@/parts/TextField";
import { signIn } from "@/state/server/session";
import "@/pages/pages.css";

export function SignIn(): JSX.Element {
  const key = useSignal("");
  const isBusy = useSignal(false);
  const problem = useSignal<string | undefined>(undefined);
  const submit = async (): Promise<void> => {
    if (key.value.trim() === "" || isBusy.value) return;
    isBusy.value = true;
    try {
      await signIn(key.value.trim());
    } catch (thrown) {
      const error = apiErrorFrom(thrown);
      problem.value = [error.status === 401 ? "That is not this store's key." : error.message, error.hint].filter(Boolean).join(" ");
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <main class="sign-in">
      <form
        class="sign-in-box"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>Not signed in</h1>
        <p>Open the address that <code>diorama ui</code> prints in its terminal: it signs this browser in.</p>
        <p>Or paste this store's key. This command prints it:</p>
        <div class="code-line"><code>diorama key</code><CopyButton text="diorama key" label="Copy the command" /></div>
        <TextField
          label="Key"
          isSecret
          isMono
          placeholder="Key"
          value={key.value}
          error={problem.value}
          onInput={(text) => { key.value = text; problem.value = undefined; }}
        />
        <Button look="accent" type="submit" isDisabled={key.value.trim() === "" || isBusy.value}>Sign in</Button>
      </form>
    </main>
  );
}
