import type { Ack } from "../protocol/body.ts";
import type { Mark } from "../protocol/frame.ts";
import type { Failure } from "./api.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Clock } from "./ports.ts";

/**
 * Tells the server of a watermark, one per conversation, merged until `delay` has passed and the connection
 * is there. A lost one is told again when it is back.
 */
export class Marks {
  private readonly pending = new Map<string, number>();
  private readonly told = new Map<string, number>();
  private underWay = 0;
  private cancelTimer: (() => void) | undefined;
  private readonly clock: Clock;
  private readonly delay: number;
  private readonly ask: (mark: Mark) => Promise<Ack | Failure>;

  constructor(clock: Clock, delay: number, ask: (mark: Mark) => Promise<Ack | Failure>) {
    this.clock = clock;
    this.delay = delay;
    this.ask = ask;
  }

  /** Wants the watermark of a conversation at `seq`; one that is behind what was wanted changes nothing. */
  put(conversation: string, seq: number): void {
    if (seq <= (this.told.get(conversation) ?? 0) || seq <= (this.pending.get(conversation) ?? 0)) return;
    this.pending.set(conversation, seq);
    this.flushSoon();
  }

  /** Whether the server knows all that was put. */
  get settled(): boolean {
    return this.pending.size === 0 && this.underWay === 0;
  }

  /** The connection is back. */
  flushSoon(): void {
    if (this.pending.size === 0) return;
    this.cancelTimer ??= this.clock.after(this.delay, () => {
      this.cancelTimer = undefined;
      this.flush();
    });
  }

  /** Everything kept is void. */
  clear(): void {
    this.pending.clear();
    this.told.clear();
  }

  private flush(): void {
    for (const [conversation, seq] of [...this.pending]) {
      this.pending.delete(conversation);
      this.told.set(conversation, seq);
      this.underWay++;
      this.ask({ conversation, seq })
        .finally(() => this.underWay--)
        .then((answer) => {
          if (!isFailure(answer) || worthRetrying(answer) === "never") return;
          if (this.told.get(conversation) === seq) this.told.delete(conversation);
          if ((this.pending.get(conversation) ?? 0) < seq) this.pending.set(conversation, seq);
          if (answer.code !== "offline") this.flushSoon();
        })
        .catch(() => undefined);
    }
  }
}
