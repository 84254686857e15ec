/** The seller's messages by what they say, paged from the server; only the answer to the newest question counts. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Client, Failure } from "../../client/api.ts";
import type { Conversation } from "../../protocol/body.ts";
import { type FoundMessage, parseFoundMessages } from "../../protocol/found.ts";

export type MessageSearch = {
  readonly found: ReadonlySignal<readonly FoundMessage[]>;
  readonly state: ReadonlySignal<"idle" | "loading" | "ready" | "failed">;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Only in this conversation. */
  readonly within: Signal<Conversation | undefined>;
  /** Asks for what holds `text`, once nobody types any more; an empty one asks for nothing. */
  find(text: string): void;
  more(): void;
  dispose(): void;
};

const settledAfter = 250;
const pageSize = 30;
/** A longer text than this the server does not search for. */
const longest = 64;

export function openMessageSearch(client: Pick<Client, "ask">): MessageSearch {
  const found = signal<readonly FoundMessage[]>([]);
  const state = signal<"idle" | "loading" | "ready" | "failed">("idle");
  const failure = signal<Failure | undefined>(undefined);
  const cursor = signal("");
  const within = signal<Conversation | undefined>(undefined);
  let asked = "";
  let question = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (after: string): Promise<void> => {
    const mine = ++question;
    state.value = "loading";
    const query = new URLSearchParams(asked);
    query.set("limit", String(pageSize));
    if (after !== "") query.set("cursor", after);
    const answer = await client.ask(
      { method: "GET", path: `/v1/messages/search?${query}` },
      parseFoundMessages,
    );
    if (mine !== question) return;
    if ("code" in answer) {
      failure.value = answer;
      state.value = "failed";
      return;
    }
    failure.value = undefined;
    found.value = after === "" ? answer.found : [...found.peek(), ...answer.found];
    cursor.value = answer.cursor ?? "";
    state.value = "ready";
  };

  const find = (text: string): void => {
    const wanted = [...text.trim()].slice(0, longest).join("");
    const query = new URLSearchParams({ text: wanted });
    if (within.peek() !== undefined) query.set("conversation", within.peek()?.id ?? "");
    const next = wanted === "" ? "" : query.toString();
    if (next === asked && state.peek() !== "failed") return; // it is the same list that is looked at again
    asked = next;
    question++; // what is under way is of no use any more
    clearTimeout(timer);
    found.value = [];
    cursor.value = "";
    if (next === "") {
      state.value = "idle";
      return;
    }
    state.value = "loading";
    timer = setTimeout(() => void ask(""), settledAfter);
  };

  return {
    found,
    state,
    failure,
    hasMore: computed(() => cursor.value !== ""),
    within,
    find,
    more: () => {
      if (state.peek() !== "loading" && cursor.peek() !== "") void ask(cursor.peek());
    },
    dispose: () => {
      clearTimeout(timer);
      question++;
    },
  };
}
