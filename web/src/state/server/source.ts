/** The server that the page came from. */
import { ServerSource } from "@/api/server";
import type { Source } from "@/api/source";

export const source: Source = new ServerSource();
