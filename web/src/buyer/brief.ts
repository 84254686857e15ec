import { clock } from "../ui/i18n/clock.ts";
import { firstWords, language } from "../ui/i18n/language.ts";
import { dayOf } from "../ui/model/clock.ts";

/** When something was, in a list: the time today, else the day, as short as it goes. */
export function brief(at: number, now: number): string {
  const ago = dayOf(now) - dayOf(at);
  if (ago <= 0) return clock().time(at);
  if (ago === 1) return firstWords().thread.yesterday;
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const day = sameYear ? ({ month: "numeric" } as const) : ({ year: "numeric", month: "long" } as const);
  return new Intl.DateTimeFormat(language.value, { ...day, day: "numeric" }).format(at);
}
