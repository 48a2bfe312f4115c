/** JSON has no NaN and no infinities: the server sends {"_number": "NaN"} in their place. */
import type { SpecialNumber } from "@/api/schema";

export function isSpecialNumber(value: unknown): value is SpecialNumber {
  return typeof value === "object" && value !== null && "_number" in value && typeof value._number === "string";
}

/** The number that a JSON value stands for; undefined when it is none. Integers beyond 2^53 lose their last digits here. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (isSpecialNumber(value)) return Number(value._number.replace(/^([+-]?)inf(inity)?$/i, "$1Infinity"));
  return undefined;
}
