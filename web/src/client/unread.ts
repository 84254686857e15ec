import { type Signal, signal } from "@preact/signals-core";
import type { Conversation, Me } from "../protocol/body.ts";
import type { Clock } from "./ports.ts";

const recountDelay = 500;

export type Totals = { conversations: number; messages: number };

/** How much is unread in all: as the server says, and from then on by what changes. */
export class Unread {
  readonly totals: Signal<Totals> = signal({ conversations: 0, messages: 0 });
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
    if (now.unread === before.unread) return;
    const { conversations, messages } = this.totals.peek();
    this.totals.value = {
      conversations: Math.max(0, conversations + sign(now.unread) - sign(before.unread)),
      messages: Math.max(0, messages + now.unread - before.unread),
    };
  }
}

function sign(count: number): number {
  return count > 0 ? 1 : 0;
}
