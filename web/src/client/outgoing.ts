import type { Tick } from "./api.ts";
import type { OutboxItem } from "./ports.ts";

/** A message that is not stored yet, and how it fares just now. */
export type Outgoing = { item: OutboxItem; tick: Tick; progress: number };

/** Whether it goes out by itself when its turn comes. */
export function isWaiting(item: OutboxItem): boolean {
  return item.failure === undefined && item.stale !== true;
}

/** How an item fares before anything was done for it. */
export function waiting(item: OutboxItem): Outgoing {
  return { item, tick: item.failure === undefined ? "queued" : "failed", progress: 0 };
}

/** In the order they were written. */
export function byOrder(a: Outgoing, b: Outgoing): number {
  return a.item.order - b.item.order || (a.item.nonce < b.item.nonce ? -1 : 1);
}
