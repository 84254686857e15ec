/**
 * The short time beside a conversation: today the clock, then "Yesterday", then the weekday, then the date.
 * Clocks only ever draw; nothing is sorted by them.
 */

const DAY_MS = 86_400_000;

/** Days between the calendar days of two moments, in the viewer's time zone. */
export function daysBetween(earlier: number, later: number, timeZone?: string): number {
  return dayNumber(later, timeZone) - dayNumber(earlier, timeZone);
}

function dayNumber(at: number, timeZone?: string): number {
  const date = new Date(at);
  if (timeZone === undefined) {
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
  }
  const part: Record<string, string> = {};
  const format = new Intl.DateTimeFormat("en", {
    timeZone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
  });
  for (const { type, value } of format.formatToParts(date)) part[type] = value;
  return Date.UTC(Number(part["year"]), Number(part["month"]) - 1, Number(part["day"])) / DAY_MS;
}

export type TimeLabels = {
  short(at: number, now: number): string;
  full(at: number): string;
  day(at: number): string;
};

/** Makes the labels of one language; the formatters are costly, so keep the result. */
export function timeLabels(locale: string, timeZone?: string): TimeLabels {
  const zone = timeZone === undefined ? {} : { timeZone };
  const clock = new Intl.DateTimeFormat(locale, {
    ...zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const weekday = new Intl.DateTimeFormat(locale, { ...zone, weekday: "short" });
  const date = new Intl.DateTimeFormat(locale, { ...zone, month: "numeric", day: "numeric" });
  const dated = new Intl.DateTimeFormat(locale, {
    ...zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
  });
  const full = new Intl.DateTimeFormat(locale, { ...zone, dateStyle: "long", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(locale, { ...zone, dateStyle: "long" });
  const days = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const year = new Intl.DateTimeFormat("en", { ...zone, year: "numeric" });
  return {
    full: (at) => full.format(at),
    day: (at) => day.format(at),
    short: (at, now) => {
      const ago = daysBetween(at, now, timeZone);
      // A clock that runs ahead makes "tomorrow" possible: show its time and leave it at that.
      if (ago <= 0) return clock.format(at);
      if (ago === 1) return capitalised(days.format(-1, "day"), locale);
      if (ago < 7) return weekday.format(at);
      return (year.format(at) === year.format(now) ? date : dated).format(at);
    },
  };
}

function capitalised(word: string, locale: string): string {
  return word.slice(0, 1).toLocaleUpperCase(locale) + word.slice(1);
}
