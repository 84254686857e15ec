/** A list that the server has, or finds by what is typed, page by page; only the answer to the newest question counts. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Failure } from "../../client/api.ts";

export type Page<T> = { rows: readonly T[]; cursor: string | undefined };

export type Pages<T> = {
  readonly rows: ReadonlySignal<readonly T[]>;
  readonly state: ReadonlySignal<"idle" | "loading" | "ready" | "failed">;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Asks for the first page, once nobody types any more. What is there stays until it has come. */
  begin(): void;
  more(): void;
  /** Forgets what was found, and whatever is under way. */
  clear(): void;
};

export const pageSize = 30;
const settledAfter = 200;

/** `load` asks for the page after `cursor`, "" for the first. */
export function openPages<T>(load: (cursor: string) => Promise<Page<T> | Failure>): Pages<T> {
  const rows = signal<readonly T[]>([]);
  const state = signal<"idle" | "loading" | "ready" | "failed">("idle");
  const failure = signal<Failure | undefined>(undefined);
  const cursor = signal("");
  let question = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (after: string): Promise<void> => {
    const mine = ++question;
    state.value = "loading";
    const answer = await load(after);
    if (mine !== question) return;
    if ("code" in answer) {
      failure.value = answer;
      state.value = "failed";
      return;
    }
    failure.value = undefined;
    rows.value = after === "" ? answer.rows : [...rows.peek(), ...answer.rows];
    cursor.value = answer.cursor ?? "";
    state.value = "ready";
  };

  const stop = (): void => {
    clearTimeout(timer);
    question++; // what is under way is of no use any more
  };
  return {
    rows,
    state,
    failure,
    hasMore: computed(() => cursor.value !== ""),
    begin: () => {
      stop();
      state.value = "loading";
      timer = setTimeout(() => void ask(""), settledAfter);
    },
    more: () => {
      if (state.peek() !== "loading" && cursor.peek() !== "") void ask(cursor.peek());
    },
    clear: () => {
      stop();
      rows.value = [];
      cursor.value = "";
      state.value = "idle";
    },
  };
}
