/** Days and times of a thread, in the viewer's time zone and language. Clocks only draw; seq orders. */

export type Clock = {
  /** "14:02" */
  time(at: number): string;
  /** Everything: for titles and the message menu. */
  full(at: number): string;
  /** "Today", "Yesterday", or the date. */
  day(at: number, now: number): string;
  /** The time today, else the day, short: for lists. */
  brief(at: number, now: number): string;
};

/** Number of the local calendar day that a moment falls on. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

const kept = new Map<string, Clock>();

/** The clock of a language. Its formatters are costly, so it is kept. */
export function clockOf(locale: string, today: string, yesterday: string): Clock {
  const known = kept.get(locale);
  if (known !== undefined) return known;
  const made = makeClock(locale, today, yesterday);
  kept.set(locale, made);
  return made;
}

function makeClock(locale: string, today: string, yesterday: string): Clock {
  const hm = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" });
  const weekday = new Intl.DateTimeFormat(locale, { weekday: "long", month: "long", day: "numeric" });
  const dated = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric" });
  const brief = new Intl.DateTimeFormat(locale, { month: "numeric", day: "numeric" });
  const sameYear = (a: number, b: number) => new Date(a).getFullYear() === new Date(b).getFullYear();
  return {
    time: (at) => hm.format(at),
    full: (at) => full.format(at),
    day: (at, now) => {
      const ago = dayOf(now) - dayOf(at);
      // The server's clock may be ahead of this one: never say "tomorrow".
      if (ago <= 0) return today;
      if (ago === 1) return yesterday;
      return (sameYear(at, now) ? weekday : dated).format(at);
    },
    brief: (at, now) => {
      const ago = dayOf(now) - dayOf(at);
      if (ago <= 0) return hm.format(at);
      if (ago === 1) return yesterday;
      return (sameYear(at, now) ? brief : dated).format(at);
    },
  };
}
