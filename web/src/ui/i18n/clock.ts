import { computed, signal } from "@preact/signals";
import { type Clock, makeClock } from "../model/clock.ts";
import { firstWords, language } from "./language.ts";

const spoken = computed(() => makeClock(language.value, firstWords().thread));

/** The clock of the language spoken now. Read it while rendering, and the component follows a change. */
export const clock = (): Clock => spoken.value;

/** A moment of today, by which days are named; what comes later sees to it that it stays one, see midnight.ts. */
export const today = signal(Date.now());
