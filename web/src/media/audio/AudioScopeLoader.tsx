/** The near view of a sound, fetched when somebody wants it. */
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ScopeProps } from "@/media/audio/AudioScope";

let scope: FunctionComponent<ScopeProps> | null = null;

export function AudioScopeLoader(props: ScopeProps): JSX.Element {
  const [Scope, setScope] = useState<{ view: FunctionComponent<ScopeProps> | null }>({ view: scope });
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (Scope.view) return;
    let isWanted = true;
    import("@/media/audio/AudioScope").then(
      (module) => {
        scope = module.AudioScope;
        if (isWanted) setScope({ view: scope });
      },
      () => isWanted && setProblem("The viewer could not be loaded. Is the server still running?"),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  if (Scope.view) return <Scope.view {...props} />;
  return <div class="audio-words">{problem || "loading"}</div>;
}
