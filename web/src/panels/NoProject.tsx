/** What stands on the pages of a project that is not there. */
import type { JSX } from "preact";
import { Button } from "@/parts/Button";
import { EmptyState } from "@/parts/States";
import { navigate, projectOf } from "@/state/page/route";
import { useScope } from "@/state/scope";

export function NoProject(): JSX.Element {
  const name = projectOf(useScope().route.value) ?? "";
  return (
    <EmptyState icon="search" title={`There is no project ${name}`} action={<Button onClick={() => navigate("/")}>All projects</Button>}>
      It may have another name, or no script has logged to it yet. This page shows it as soon as it is there.
    </EmptyState>
  );
}
