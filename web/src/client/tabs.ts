import type { Message } from "../protocol/body.ts";
import type { Tick } from "./api.ts";
import type { OutboxItem } from "./ports.ts";

/** What the tabs of one device tell each other of the outbox they share. */
export type FromTab =
  | { kind: "put"; item: OutboxItem }
  /** What was gone is not any more. */
  | { kind: "back"; nonce: string }
  | { kind: "fares"; nonce: string; tick: Tick; progress: number }
  | { kind: "stored"; message: Message; pos?: number }
  | { kind: "gone"; nonce: string }
  | { kind: "signed_out" };

const kinds: readonly string[] = ["put", "back", "fares", "stored", "gone", "signed_out"];

/** Another tab may run another version of the page: what it says is believed by kind, the rest ignored. */
export function parseFromTab(value: unknown): FromTab | undefined {
  if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
  return kinds.includes(String(value.kind)) ? (value as FromTab) : undefined;
}
