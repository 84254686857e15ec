import type { JSX } from "preact";
import { language, words } from "../ui/i18n/language.ts";

/** Before anybody writes: when an answer may come, by the clock of who reads it. */
export function ClosedLine({ until }: { until: number | undefined }): JSX.Element {
  const form = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const opens = until === undefined ? "" : new Intl.DateTimeFormat(language.value, form).format(until);
  return <p class="notice">{words().page.closed(opens)}</p>;
}
