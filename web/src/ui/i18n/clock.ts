import { computed } from "@preact/signals";
import { type Clock, makeClock } from "../model/clock.ts";
import { firstWords, language } from "./language.ts";

const spoken = computed(() => makeClock(language.value, firstWords().thread));

/** The clock of the language spoken now. Read it while rendering, and the component follows a change. */
export const clock = (): Clock => spoken.value;
