/** What was changed in the settings and not saved yet: it outlives the dialog, not the desk. */
import { type Signal, signal } from "@preact/signals";
import type { Phrase } from "../../protocol/phrase.ts";
import type { AutoText, ShopSettings } from "../../protocol/shop-settings.ts";
import { type DayHours, toDays, usual, weekdays } from "../model/hours.ts";
import type { Scope } from "../model/phrases.ts";

/** What the form of the automatic messages holds, and the settings that were changed to it. */
export type AutomaticEdit = {
  of: ShopSettings;
  greeting: AutoText;
  away: AutoText;
  zone: string;
  days: readonly DayHours[];
  /** A colleague has saved others since these were changed. */
  overtaken: boolean;
};

/** A phrase that is written; a new one is none yet. */
export type PhraseEdit = { scope: Scope; phrase: Phrase | undefined; title: string; text: string };

export type Unsaved = {
  /** Undefined: as it was saved. */
  readonly automatic: Signal<AutomaticEdit | undefined>;
  /** Undefined: none is open. */
  readonly phrase: Signal<PhraseEdit | undefined>;
  /** Where something is not saved. A phrase's form that holds no changes is closed. */
  sections(): ("phrases" | "automatic")[];
  forget(): void;
};

export function openUnsaved(): Unsaved {
  const automatic = signal<AutomaticEdit>();
  const phrase = signal<PhraseEdit>();
  return {
    automatic,
    phrase,
    sections: () => {
      if (phrase.value !== undefined && !holdsChanges(phrase.value)) phrase.value = undefined;
      return [
        ...(phrase.value === undefined ? [] : (["phrases"] as const)),
        ...(automatic.value === undefined ? [] : (["automatic"] as const)),
      ];
    },
    forget: () => {
      automatic.value = undefined;
      phrase.value = undefined;
    },
  };
}

/** The form of settings that nobody has changed yet. */
export function editOf(settings: ShopSettings): AutomaticEdit {
  const { greeting, away, hours, version } = settings;
  return {
    of: settings,
    greeting,
    away,
    zone: hours.time_zone || Intl.DateTimeFormat().resolvedOptions().timeZone,
    days:
      version === 0
        ? weekdays.map((_, day) => (day > 0 && day < 6 ? usual : undefined))
        : toDays(hours.openings),
    overtaken: false,
  };
}

/** The form as it is changed to; undefined where that is what was saved. */
export function changed(edit: AutomaticEdit): AutomaticEdit | undefined {
  return same({ ...edit, overtaken: false }, editOf(edit.of)) ? undefined : edit;
}

/** For what JSON can say. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether closing the phrase's form would lose something. */
export function holdsChanges(edit: PhraseEdit): boolean {
  return edit.title !== (edit.phrase?.title ?? "") || edit.text !== (edit.phrase?.text ?? "");
}

/** The same changes to settings that are newer: what nobody changed here is as it is there. */
export function changedAnew(edit: AutomaticEdit, settings: ShopSettings): AutomaticEdit {
  const [before, now] = [editOf(edit.of), editOf(settings)];
  const pick = <T>(mine: T, was: T, theirs: T): T => (same(mine, was) ? theirs : mine);
  return {
    of: settings,
    greeting: pick(edit.greeting, before.greeting, now.greeting),
    away: pick(edit.away, before.away, now.away),
    zone: pick(edit.zone, before.zone, now.zone),
    days: edit.days.map((hours, day) => pick(hours, before.days[day], now.days[day])),
    overtaken: true,
  };
}
