import { effect, type ReadonlySignal } from "@preact/signals";
import type { Arrival, Client } from "../client/api.ts";
import type { FromFrame } from "../protocol/embed.ts";
import { words } from "../ui/i18n/language.ts";
import { lineOf } from "./line.ts";

/** Keeps the page around this one told of what is unread and what the shop pushes, until the returned function is called. */
export function attend(
  client: Client,
  shown: ReadonlySignal<boolean>,
  tell: (message: FromFrame) => void,
): () => void {
  const news = (count: number, talking: boolean, peek?: { name: string; text: string }): void =>
    tell({ type: "unread", count, talking, ...(peek !== undefined && { peek }) });
  const arrived = ({ message, conversation }: Arrival): void => {
    if (shown.peek()) return;
    const name = conversation?.merchant.name;
    news(client.unread.peek().messages, true, {
      name: name === undefined || name === "" ? words().app.seller : name,
      text: lineOf(message),
    });
  };
  const undo = [
    client.onArrival(arrived),
    client.onPush((payload) => tell({ type: "push", payload })),
    effect(() => {
      const known = client.me.value !== undefined;
      const talks = client.inbox.rows.value.length > 0;
      const { messages } = client.unread.value;
      if (known) news(messages, talks);
    }),
  ];
  return () => {
    for (const fn of undo) fn();
  };
}
