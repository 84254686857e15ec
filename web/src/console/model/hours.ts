/** A week of business hours as a form shows it: one stretch a day, or none. Pure. */
import type { Opening } from "../../protocol/shop-settings.ts";

/** Times like "09:00" and "18:00"; an end before the beginning is on the next day. Undefined: closed. */
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
  return end && sum === 0 ? midnight : sum; // a form knows no 24:00
}

const midnight = 1440;

/** A time without a break, with the openings that it was made of. It may end on the next day: after `midnight`. */
type Stretch = Opening & { of: Opening[] };

function earliest(openings: readonly Opening[]): Opening | undefined {
  return [...openings].sort((a, b) => a.from - b.from || a.to - b.to)[0];
}

/** Joins what goes on over midnight, as an opening is within one day; but no day is made longer than one. */
function stretches(openings: readonly Opening[]): Stretch[] {
  const joined = new Set<Opening>();
  const all = openings.map((opening) => {
    const next = earliest(openings.filter(({ day }) => day === (opening.day + 1) % 7));
    const begins = earliest(openings.filter(({ day, from }) => day === opening.day && from > 0))?.from ?? 0;
    if (opening.to !== midnight || opening.from === 0 || next?.from !== 0 || next.to >= begins)
      return { ...opening, of: [opening] };
    joined.add(next);
    return { ...opening, to: midnight + next.to, of: [opening, next] };
  });
  return all.filter(({ of }) => of.length > 1 || !joined.has(of[0] as Opening));
}

/** By day, 0 is Sunday. Of several stretches of a day the form shows the whole from the first to the last. */
export function toDays(openings: readonly Opening[]): DayHours[] {
  const all = stretches(openings);
  return Array.from({ length: 7 }, (_, day) => {
    const of = all.filter((stretch) => stretch.day === day);
    if (of.length === 0) return undefined;
    const to = Math.max(...of.map((stretch) => stretch.to));
    return { from: clock(Math.min(...of.map((stretch) => stretch.from))), to: clock(to % midnight) };
  });
}

/** Days that show what `before` has stay as they are there: in several stretches, too. */
export function toOpenings(days: readonly DayHours[], before: readonly Opening[] = []): Opening[] {
  const shown = toDays(before);
  const all = stretches(before);
  return days.flatMap((hours, day) => {
    const was = shown[day];
    if (hours === undefined) return [];
    if (hours.from === was?.from && hours.to === was.to)
      return all.filter((stretch) => stretch.day === day).flatMap(({ of }) => of);
    const [from, to] = [minutes(hours.from, false), minutes(hours.to, true)];
    if (to >= from) return [{ day, from, to }];
    return [
      { day, from, to: midnight },
      { day: (day + 1) % 7, from: 0, to },
    ];
  });
}
