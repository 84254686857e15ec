/** Days and times of a thread, in the viewer's time zone and language. Clocks only draw; seq orders. */

export type Clock = {
  /** "14:02" */
  time(at: number): string;
  /** Everything: for titles and the message menu. */
  full(at: number): string;
  /** "Today", "Yesterday", or the date. */
  day(at: number, now: number): string;
};

/** Number of the local calendar day that a moment falls on. */
export function dayOf(at: number): number {
  const date = new Date(at);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}

/** By hand: a browser's first formatter, of whatever, takes as long as the rest of the first draw. */
function hm(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(11, 16);
}

/** The clock of a language. */
export function makeClock(locale: string, { today, yesterday }: { today: string; yesterday: string }): Clock {
  return {
    time: hm,
    full: (at) => new Date(at).toLocaleString(locale, { dateStyle: "long", timeStyle: "medium" }),
    day: (at, now) => {
      const ago = dayOf(now) - dayOf(at);
      // The server's clock may be ahead of this one: never say "tomorrow".
      if (ago <= 0) return today;
      if (ago === 1) return yesterday;
      const day = new Date(at);
      const thisYear = day.getFullYear() === new Date(now).getFullYear();
      return day.toLocaleDateString(locale, {
        weekday: thisYear ? "long" : undefined,
        year: thisYear ? undefined : "numeric",
        month: "long",
        day: "numeric",
      });
    },
  };
}
