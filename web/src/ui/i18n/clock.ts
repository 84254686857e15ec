import { type Clock, clockOf } from "../model/clock.ts";
import { firstWords, language } from "./language.ts";

/** The clock of the language spoken now. Read it while rendering, and the component follows a change. */
export function clock(): Clock {
  const { today, yesterday } = firstWords().thread;
  return clockOf(language.value, today, yesterday);
}
