import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { TypingEvent } from "../protocol/frame.ts";
import type { Clock } from "./ports.ts";

const holds = 5_000;

/** Who is writing on the other side of a conversation: "" for one without a name, undefined for nobody. */
export class Typists {
  private readonly names = new Map<string, Signal<string | undefined>>();
  private readonly timers = new Map<string, () => void>();
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  in(conversation: string): ReadonlySignal<string | undefined> {
    return this.slot(conversation);
  }

  told({ conversation, agent_name }: TypingEvent): void {
    this.timers.get(conversation)?.();
    this.slot(conversation).value = agent_name ?? "";
    this.timers.set(
      conversation,
      this.clock.after(holds, () => this.stopped(conversation)),
    );
  }

  /** The message is there: nobody is writing it any more. */
  stopped(conversation: string): void {
    this.timers.get(conversation)?.();
    if (this.timers.delete(conversation)) this.slot(conversation).value = undefined;
  }

  private slot(conversation: string): Signal<string | undefined> {
    let slot = this.names.get(conversation);
    if (slot === undefined) {
      slot = signal<string | undefined>(undefined);
      this.names.set(conversation, slot);
    }
    return slot;
  }
}
