/** Something that failed is tried again when the server answers again. */
import { useEffect, useRef } from "preact/hooks";
import { onRecovery } from "@/api/recovery";

/** `retry` is called at each recovery while it is given; undefined: nothing has failed. */
export function useRecovery(retry: (() => void) | undefined): void {
  const latest = useRef(retry);
  latest.current = retry;
  useEffect(() => onRecovery(() => latest.current?.()), []);
}
