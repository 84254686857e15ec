import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { language, words } from "../ui/i18n/language.ts";
import { comebacks } from "./in-frame.ts";

/** Before anybody writes: when an answer may come, by the clock of who reads it. It goes when its time has come. */
export function ClosedLine({ until }: { until: number | undefined }): JSX.Element {
  useEffect(() => {
    if (until === undefined) return;
    const timer = setTimeout(() => comebacks.value++, until - Date.now() + 1);
    return () => clearTimeout(timer);
  }, [until]);
  const form = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const opens = until === undefined ? "" : new Intl.DateTimeFormat(language.value, form).format(until);
  return <p class="notice">{words().page.closed(opens)}</p>;
}
