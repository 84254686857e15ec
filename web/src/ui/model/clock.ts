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

/** The clock of a language. Its formatters are costly, so it is kept, and makes each when it is needed. */
export function clockOf(locale: string, today: string, yesterday: string): Clock {
  const known = kept.get(locale);
  if (known !== undefined) return known;
  const made = makeClock(locale, today, yesterday);
  kept.set(locale, made);
  return made;
}

function makeClock(locale: string, today: string, yesterday: string): Clock {
  const formatter = (options: Intl.DateTimeFormatOptions) => {
    let made: Intl.DateTimeFormat | undefined;
    return (at: number): string => {
      made ??= new Intl.DateTimeFormat(locale, options);
      return made.format(at);
    };
  };
  const hm = formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const full = formatter({ dateStyle: "long", timeStyle: "medium" });
  const weekday = formatter({ weekday: "long", month: "long", day: "numeric" });
  const dated = formatter({ year: "numeric", month: "long", day: "numeric" });
  const brief = formatter({ month: "numeric", day: "numeric" });
  const sameYear = (a: number, b: number) => new Date(a).getFullYear() === new Date(b).getFullYear();
  return {
    time: hm,
    full,
    day: (at, now) => {
      const ago = dayOf(now) - dayOf(at);
      // The server's clock may be ahead of this one: never say "tomorrow".
      if (ago <= 0) return today;
      if (ago === 1) return yesterday;
      return (sameYear(at, now) ? weekday : dated)(at);
    },
    brief: (at, now) => {
      const ago = dayOf(now) - dayOf(at);
      if (ago <= 0) return hm(at);
      if (ago === 1) return yesterday;
      return (sameYear(at, now) ? brief : dated)(at);
    },
  };
}
