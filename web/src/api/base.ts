/**
 * Where the app lives: a path that begins and ends in "/", so that the app works under any prefix
 * (a reverse proxy, a notebook's proxy). The built entry lies in <base>assets/, so the base is one
 * folder above the file that runs; the development server always serves from "/".
 */
const here = import.meta.url; // kept apart from `new URL`: Vite would take the pair for an asset

export const base: string = import.meta.env.PROD ? new URL("..", here).pathname : "/";
