import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

/** What was written and not sent, per thread, until it is. */
export const prefix = "haggle.draft.";

/** The text that `writer` is writing to `reader`, kept over reloads; only here until both are known. */
export function useDraft(writer: string | undefined, reader: string | undefined): Signal<string> {
  const key = writer === undefined || reader === undefined ? undefined : `${writer}.${reader}`;
  const text = useMemo(() => signal(key === undefined ? "" : load(key)), [key]);
  useEffect(() => (key === undefined ? undefined : effect(() => save(key, text.value))), [key, text]);
  return text;
}

function load(key: string): string {
  try {
    return localStorage.getItem(prefix + key) ?? "";
  } catch {
    return "";
  }
}

function save(key: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, text);
  } catch {
    // Storage is full or forbidden: the draft then lives as long as the page.
  }
}
