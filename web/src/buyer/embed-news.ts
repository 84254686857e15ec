import { effect, type ReadonlySignal } from "@preact/signals";
import type { Arrival, Client } from "../client/api.ts";
import type { Conversation, Message } from "../protocol/body.ts";
import type { FromFrame } from "../protocol/embed.ts";
import { words } from "../ui/i18n/language.ts";
import { lineOf } from "./line.ts";

type Peek = { name: string; text: string };

/** Keeps the page around this one told of what is unread and what the shop pushes, until the returned function is called. */
export function attend(
  client: Client,
  shown: ReadonlySignal<boolean>,
  tell: (message: FromFrame) => void,
): () => void {
  const news = (count: number, talking: boolean, peek?: Peek): void =>
    tell({ type: "unread", count, talking, ...(peek !== undefined && { peek }) });
  const arrived = ({ message, conversation }: Arrival): void => {
    if (shown.peek()) return;
    remember(message);
    news(client.unread.peek().messages, true, peekOf(message, conversation));
  };
  let looked = false;
  const undo = [
    client.onArrival(arrived),
    client.onPush((payload) => tell({ type: "push", payload })),
    effect(() => {
      const known = client.me.value !== undefined;
      const rows = client.inbox.rows.value;
      const { messages } = client.unread.value;
      if (!known) return;
      const first = !looked && rows.length > 0;
      looked ||= first;
      // What comes from now on is told as it arrives.
      const came = first && messages > 0 && !shown.peek() ? whileAway(rows) : undefined;
      news(messages, rows.length > 0, came);
    }),
  ];
  return () => {
    for (const fn of undo) fn();
  };
}

function peekOf(message: Message, conversation: Conversation | undefined): Peek {
  const name = conversation?.merchant.name;
  return { name: name === undefined || name === "" ? words().app.seller : name, text: lineOf(message) };
}

/** The newest that came while no page of the shop was there to show it, unless one has shown it since. */
function whileAway(rows: readonly Conversation[]): Peek | undefined {
  const row = rows.find(
    ({ unread, muted, last, merchant }) => unread > 0 && muted !== true && last?.sender === merchant.uid,
  );
  if (row?.last === undefined || row.last.recalled_at !== undefined) return undefined;
  return remember(row.last) ? peekOf(row.last, row) : undefined;
}

/** Keeps, for this tab, that a message was shown; false if that was so already, or cannot be kept. */
function remember({ conversation, seq }: Message): boolean {
  const [key, mark] = ["haggle.peeked", `${conversation}/${seq}`];
  try {
    if (sessionStorage.getItem(key) === mark) return false;
    sessionStorage.setItem(key, mark);
    return true;
  } catch {
    return false; // storage may be forbidden: better none than the same one on every page
  }
}
