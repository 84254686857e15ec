import { type Signal, signal } from "@preact/signals-core";
import type { Conversation, Me } from "../protocol/body.ts";
import type { Clock } from "./ports.ts";

const recountDelay = 500;

export type Totals = { conversations: number; messages: number };

const none: Totals = { conversations: 0, messages: 0 };

/** How much is unread in all: as the server says, and from then on by what changes. */
export class Unread {
  readonly totals: Signal<Totals> = signal(none);
  private cancelRecount: (() => void) | undefined;
  private readonly clock: Clock;
  private readonly recount: () => void;

  /** `recount` asks the server anew. */
  constructor(clock: Clock, recount: () => void) {
    this.clock = clock;
    this.recount = recount;
  }

  /** Takes the server's word for the totals. */
  counted(me: Me): void {
    this.totals.value = { conversations: me.unread_conversations, messages: me.unread };
  }

  /** Nothing is known of them any more. */
  clear(): void {
    this.totals.value = none;
  }

  /** The totals may be wrong by now. */
  unsure(): void {
    this.cancelRecount ??= this.clock.after(recountDelay, () => {
      this.cancelRecount = undefined;
      this.recount();
    });
  }

  /** A conversation is another now, or new here. */
  changed(now: Conversation, before: Conversation | undefined): void {
    if (before === undefined) return this.unsure();
    const [is, was] = [totalsOf(now), totalsOf(before)];
    if (is.messages === was.messages && is.conversations === was.conversations) return;
    const { conversations, messages } = this.totals.peek();
    this.totals.value = {
      conversations: Math.max(0, conversations + is.conversations - was.conversations),
      messages: Math.max(0, messages + is.messages - was.messages),
    };
  }
}

/** Whether a conversation counts as unread. */
export function isUnread({ unread, marked }: Conversation): boolean {
  return unread > 0 || marked === true;
}

/** What it adds to the totals, as the server counts: nothing if it is muted. */
function totalsOf(conversation: Conversation): Totals {
  if (conversation.muted === true) return none;
  return { conversations: Number(isUnread(conversation)), messages: conversation.unread };
}
