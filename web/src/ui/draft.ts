import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

/** What was written and not sent, per thread, until it is. */
export const prefix = "haggle.draft.";

/** What storage did not take, full or forbidden: it lives as long as the page. */
export const unkept = new Map<string, string>();

/** The text that `writer` is writing to `reader`, kept over reloads; only here until both are known. */
export function useDraft(writer: string | undefined, reader: string | undefined): Signal<string> {
  const key = writer === undefined || reader === undefined ? undefined : `${writer}.${reader}`;
  const text = useMemo(() => signal(key === undefined ? "" : load(key)), [key]);
  useEffect(() => (key === undefined ? undefined : effect(() => save(key, text.value))), [key, text]);
  return text;
}

function load(key: string): string {
  try {
    return unkept.get(key) ?? localStorage.getItem(prefix + key) ?? "";
  } catch {
    return "";
  }
}

function save(key: string, text: string): void {
  try {
    if (text === "") localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, text);
    unkept.delete(key);
  } catch {
    unkept.set(key, text);
  }
}
