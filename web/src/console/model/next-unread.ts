/** Where Ctrl+Enter leads after an answer: to the next conversation in which something is unread. */
import type { ReadonlySignal } from "@preact/signals-core";
import type { Client } from "../../client/api.ts";
import { type Conversation, parseConversationPage } from "../../protocol/body.ts";

/** So many of those that were open are remembered: the server learns a moment later what was read in them. */
const remembered = 10;

type Rows = { readonly inbox: { readonly rows: ReadonlySignal<readonly Conversation[]> } };
type ReadUpTo = { thread(id: string): { readonly readUpTo: number } };

export type NextUnread = {
  /** The next below the open one, round the end, listed or not; undefined when there is none. */
  find(): Promise<string | undefined>;
  stop(): void;
};

/** The list has its newest only, or what is searched for: the server knows what else is unread. */
export function openNextUnread(
  client: Pick<Client, "ask"> & Rows & ReadUpTo,
  open: ReadonlySignal<string | undefined>,
): NextUnread {
  let visited: string[] = [];
  const stop = open.subscribe((id) => {
    if (id !== undefined) visited = [...visited.filter((other) => other !== id), id].slice(-remembered);
  });
  const readHere = ({ id, last_seq, marked }: Conversation): boolean =>
    marked !== true && visited.includes(id) && client.thread(id).readUpTo >= last_seq;
  return {
    stop,
    find: async () => {
      const at = open.peek();
      const listed = nextUnread(client.inbox.rows.peek(), at);
      if (listed !== undefined) return listed.id;
      const path = "/v1/conversations?filter=unread&limit=100";
      const page = await client.ask({ method: "GET", path }, parseConversationPage);
      if ("code" in page || open.peek() !== at) return undefined; // who went elsewhere meanwhile stays there
      const others = page.conversations.filter((one) => one.id !== at && !readHere(one));
      return nextUnread(others, undefined)?.id;
    },
  };
}

/** What is muted does not call. */
function nextUnread(rows: readonly Conversation[], open: string | undefined): Conversation | undefined {
  const at = rows.findIndex((row) => row.id === open);
  return [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))].find(
    ({ unread, marked, muted }) => muted !== true && (unread > 0 || marked === true),
  );
}
