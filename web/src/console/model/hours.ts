/** A week of business hours as a form shows it: one stretch a day, or none. Pure. */
import type { Opening } from "../../protocol/shop-settings.ts";

/** Times like "09:00" and "18:00", "24:00" for midnight at the end; undefined for a day that is closed. */
export type DayHours = { from: string; to: string } | undefined;

/** Monday first, as weeks are worked. */
export const weekdays: readonly number[] = [1, 2, 3, 4, 5, 6, 0];

export const usual: DayHours = { from: "09:00", to: "18:00" };

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function minutes(time: string, end: boolean): number {
  const [hours = 0, rest = 0] = time.split(":").map(Number);
  const sum = hours * 60 + rest;
  return end && sum === 0 ? 1440 : sum; // a form knows no 24:00
}

/** By day, 0 is Sunday. Of several stretches of a day the form shows the whole from the first to the last. */
export function toDays(openings: readonly Opening[]): DayHours[] {
  return Array.from({ length: 7 }, (_, day) => {
    const of = openings.filter((opening) => opening.day === day);
    if (of.length === 0) return undefined;
    const to = Math.max(...of.map((opening) => opening.to));
    return { from: clock(Math.min(...of.map((opening) => opening.from))), to: clock(to === 1440 ? 0 : to) };
  });
}

/** Days that show what `before` has stay as they are there: in several stretches, too. */
export function toOpenings(days: readonly DayHours[], before: readonly Opening[] = []): Opening[] {
  const shown = toDays(before);
  return days.flatMap((hours, day) => {
    const was = shown[day];
    if (hours === undefined) return [];
    if (hours.from === was?.from && hours.to === was.to)
      return before.filter((opening) => opening.day === day);
    return [{ day, from: minutes(hours.from, false), to: minutes(hours.to, true) }];
  });
}
