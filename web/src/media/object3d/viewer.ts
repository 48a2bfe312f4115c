/** All that needs Babylon.js, in one chunk that is loaded when the first 3D thing comes into sight. */
export { holdContent, peekContent } from "@/media/object3d/contents";
export type { Content, Picked } from "@/media/object3d/content";
export { contextAge, sharedEngine } from "@/media/object3d/engine";
export { BUDGETS, Stage, fullBudget } from "@/media/object3d/stage";
