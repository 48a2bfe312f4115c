export { MediaCard, type MediaCardProps } from "@/media/MediaCard";
export { VIEWS, isKnown, isRecord, viewOfRecord } from "@/media/records";
export type { CardSize, Fact, View } from "@/media/view";
