/** The seller's messages by what they say. */
import { type Signal, signal } from "@preact/signals";
import type { Client } from "../../client/api.ts";
import type { Conversation } from "../../protocol/body.ts";
import { type FoundMessage, parseFoundMessages } from "../../protocol/found.ts";
import { openPages, type Pages, pageSize } from "../model/pages.ts";

export type MessageSearch = {
  readonly found: Pages<FoundMessage>["rows"];
  /** Only in this conversation. */
  readonly within: Signal<Conversation | undefined>;
  /** Asks for what holds `text`; an empty one asks for nothing. */
  find(text: string): void;
  dispose(): void;
} & Pick<Pages<FoundMessage>, "state" | "failure" | "hasMore" | "more">;

/** A longer text than this the server does not search for. */
const longest = 64;

export function openMessageSearch(client: Pick<Client, "ask">): MessageSearch {
  const within = signal<Conversation | undefined>(undefined);
  let asked = "";
  const { rows, begin, clear, ...pages } = openPages<FoundMessage>(async (cursor) => {
    const query = new URLSearchParams(asked);
    query.set("limit", String(pageSize));
    if (cursor !== "") query.set("cursor", cursor);
    const path = `/v1/messages/search?${query}`;
    const answer = await client.ask({ method: "GET", path }, parseFoundMessages);
    return "code" in answer ? answer : { rows: answer.found, cursor: answer.cursor };
  });
  return {
    ...pages,
    found: rows,
    within,
    find: (text) => {
      const wanted = [...text.trim()].slice(0, longest).join("");
      const query = new URLSearchParams({ text: wanted });
      if (within.peek() !== undefined) query.set("conversation", within.peek()?.id ?? "");
      const next = wanted === "" ? "" : query.toString();
      if (next === asked && pages.state.peek() !== "failed") return; // the same list is looked at again
      asked = next;
      clear();
      if (next !== "") begin();
    },
    dispose: clear,
  };
}
