import { effect } from "@preact/signals-core";
import type { Conversation } from "../protocol/body.ts";
import type { LiveThread } from "./thread.ts";

/** So many threads are loaded before anybody opens them, at the most, and so many at a time. */
const most = 20;
const abreast = 2;

/**
 * Loads threads with messages that this device does not have yet: their senders see that they have arrived,
 * and opening one shows it at once.
 */
export class Ahead {
  private readonly seen = new Set<string>();
  private readonly queue: string[] = [];
  private underWay = 0;
  private readonly open: (id: string) => LiveThread;

  constructor(open: (id: string) => LiveThread) {
    this.open = open;
  }

  consider(conversation: Conversation, delivered: number, peer: string): void {
    const { id, last, unread } = conversation;
    const missing = unread > 0 && last !== undefined && last.sender === peer && last.seq > delivered + 1;
    if (!missing || this.seen.has(id) || this.seen.size >= most) return;
    this.seen.add(id);
    this.queue.push(id);
    Promise.resolve()
      .then(() => this.next())
      .catch(() => undefined);
  }

  private next(): void {
    if (this.underWay >= abreast) return;
    const id = this.queue.shift();
    if (id === undefined) return;
    this.underWay++;
    const thread = this.open(id);
    let waiting = true;
    const stop = effect(() => {
      if (thread.state.value === "loading" || !waiting) return;
      waiting = false;
      this.underWay--;
      Promise.resolve()
        .then(() => {
          stop();
          this.next();
        })
        .catch(() => undefined);
    });
  }
}
