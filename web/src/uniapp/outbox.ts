import type { Failure } from "../client/api.ts";
import { backoff } from "../client/backoff.ts";
import { isFailure, offline, worthRetrying } from "../client/failure.ts";
import type { Clock } from "../client/ports.ts";
import type { Ack, DraftBlock } from "../protocol/body.ts";
import type { Line } from "./line.ts";
import type { Server } from "./server.ts";

/** After so many answers that may be of the message's own making it is given up, until the user asks again. */
const triesGiven = 8;
/** What a frame of the server's protocol holds, and a little less. */
const frameBytes = 65_000;

const givenUp: Failure = { code: "given_up", message: "the user does not want it sent any more" };
const tooLarge: Failure = { code: "frame_too_large", message: "the message is too long" };

/** A block as a page sends it: a picture may be a path on the device, which is uploaded first. */
export type Piece = DraftBlock | { type: "image"; path: string };

/** A message that waits until the server has stored it. Pages draw it, and change nothing of it. */
export type Waiting = {
  readonly nonce: string;
  readonly conversation?: string;
  readonly product?: string;
  readonly merchant: string; // whom it is for
  readonly blocks: Piece[];
  readonly at: number; // Unix milliseconds, by the device
  tries: number;
  /** It may have arrived. */
  asked?: boolean;
  /** Why it is not sent any more. */
  failure?: Failure;
};

export type OutboxEvents = {
  changed(): void;
  /** `repeat` says that the message may have been stored, and told of, before. */
  stored(message: Waiting, ack: Ack, repeat: boolean): void;
};

/** Keeps a user's messages on the device until they are stored, and sends them in their order, each once. */
export class Outbox {
  readonly items: Waiting[];
  private readonly key: string;
  private readonly server: Server;
  private readonly line: Line;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly events: OutboxEvents;
  private failures = 0;
  private busy = false;
  /** Another client may keep what waits from here on. */
  private closed = false;
  private cancelRetry: (() => void) | undefined;

  constructor(
    user: string,
    server: Server,
    line: Line,
    clock: Clock,
    random: () => number,
    events: OutboxEvents,
  ) {
    this.key = `haggle.${user}`;
    this.server = server;
    this.line = line;
    this.clock = clock;
    this.random = random;
    this.events = events;
    this.items = kept(server.uni.getStorageSync(this.key));
  }

  /** Keeps and sends a message. What fails for good stays, with its failure, until `again` or `drop`. */
  put(to: Pick<Waiting, "conversation" | "product" | "merchant">, blocks: Piece[]): string {
    const nonce = `${this.clock.now().toString(36)}-${this.random().toString(36).slice(2)}${this.random().toString(36).slice(2)}`;
    this.items.push({ ...to, nonce, blocks, at: this.clock.now(), tries: 0 });
    this.changed();
    this.flush();
    return nonce;
  }

  /** Sends one that failed after all. */
  again(nonce: string): void {
    for (const item of this.items) if (item.nonce === nonce) this.refused(item, undefined);
    this.flush();
  }

  /** Gives one up. If it was under way it may have been stored all the same, and then it is shown. */
  drop(nonce: string): void {
    const at = this.items.findIndex((item) => item.nonce === nonce);
    if (at < 0) return;
    this.items.splice(at, 1);
    this.changed();
  }

  /** Sends what waits, one after the other, while the line holds. */
  flush(): void {
    if (this.busy || this.cancelRetry !== undefined || this.line.state !== "online") return;
    const item = this.items.find(({ failure }) => failure === undefined);
    if (item === undefined) return;
    this.busy = true;
    const repeat = item.asked === true;
    const settled = (outcome: Ack | Failure): void => {
      this.busy = false;
      try {
        if (isFailure(outcome)) this.failed(item, outcome);
        else this.stored(item, outcome, repeat);
      } finally {
        this.flush(); // whatever the page's own code has thrown
      }
    };
    const failed = (failure: Failure): void => settled(isFailure(failure) ? failure : offline);
    this.carry(item).then(settled, failed);
  }

  /** What happens from now on changes nothing on the device, until it is opened again. */
  close(): void {
    this.closed = true;
    this.cancelRetry?.();
    this.cancelRetry = undefined;
  }

  open(): void {
    this.closed = false;
    if (this.items.length > 0) this.keep();
  }

  /** The line is back: what waited for a better moment need not wait on. */
  online(): void {
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    this.flush();
  }

  private async carry(item: Waiting): Promise<Ack | Failure> {
    const { conversation, product, nonce, blocks } = item;
    const pieces: DraftBlock[] = [];
    for (let i = 0; i < blocks.length; i++) {
      let block = blocks[i];
      if (block === undefined) continue;
      if ("path" in block) {
        block = { type: "image", file: await this.server.upload(block.path, `${nonce}-${i}`) };
        blocks[i] = block;
        this.keep(); // the path may not outlive the app; the file on the server does
      }
      pieces.push(block);
    }
    if (this.items.indexOf(item) < 0) return givenUp;
    const send = {
      nonce,
      blocks: pieces,
      ...(conversation !== undefined && { conversation }),
      ...(product !== undefined && { product }),
    };
    if (bytesOf(send) > frameBytes) return tooLarge;
    item.asked = true;
    this.keep();
    return this.line.ask({ send });
  }

  private stored(item: Waiting, ack: Ack, repeat: boolean): void {
    this.failures = 0;
    const at = this.items.indexOf(item);
    if (at >= 0) this.items.splice(at, 1);
    this.events.stored(item, ack, repeat);
    this.changed();
  }

  private failed(item: Waiting, failure: Failure): void {
    if (this.closed || (failure.code === "offline" && this.line.state !== "online")) return; // nobody's fault
    if (failure.code === "offline") this.line.wake(); // or does it only seem to be there?
    const worth = worthRetrying(failure);
    if (failure.code === "offline" || worth === "some") item.tries++;
    if (worth === "never" || item.tries >= triesGiven) return this.refused(item, failure);
    const wait = Math.max(failure.retryAfterMs ?? 0, backoff(this.failures++, this.random));
    this.cancelRetry = this.clock.after(wait, () => this.online());
  }

  private refused(item: Waiting, failure: Failure | undefined): void {
    item.tries = 0;
    if (failure !== undefined) item.failure = failure;
    else delete item.failure;
    this.changed();
  }

  private changed(): void {
    this.keep();
    this.events.changed();
  }

  private keep(): void {
    const { uni } = this.server;
    if (this.closed) return;
    try {
      if (this.items.length > 0) uni.setStorageSync(this.key, JSON.stringify(this.items));
      else uni.removeStorageSync(this.key);
    } catch {
      // A device that is full keeps nothing; as long as the app lives the message is sent all the same.
    }
  }
}

function kept(stored: unknown): Waiting[] {
  try {
    const items: unknown = JSON.parse(String(stored));
    return Array.isArray(items) ? items : [];
  } catch {
    return [];
  }
}

/** How many bytes it takes as JSON, at the most. */
function bytesOf(value: object): number {
  const json = JSON.stringify(value);
  return json.length + 2 * (json.match(/[\u0080-\uffff]/g) ?? []).length;
}
