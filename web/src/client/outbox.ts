import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Product } from "../protocol/body.ts";
import type { Piece, Untaken } from "./api.ts";
import { backoff } from "./backoff.ts";
import { type Outgoing, waiting } from "./outgoing.ts";
import type { Clock, OutboxItem } from "./ports.ts";
import type { Sender } from "./sender.ts";

export type OutboxPorts = {
  clock: Clock;
  random(): number;
  nonce(): string;
  /** Loads what keeps and sends messages, and makes it for this list. */
  sender(list: Signal<readonly Outgoing[]>): Promise<Sender>;
};

/** Where a message is to go. */
export type Address = { conversation?: string; peer?: string };

/** What was left waiting is sent, too, where nothing else has use for the sender. */
const atTheLatest = 5_000;

/**
 * Messages that are not stored yet, in the order they were written. A page shows a conversation without ever
 * sending anything: what does that is loaded when it is needed, or by the page once it has the time, and then
 * takes over what was written until then.
 */
export class Outbox {
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>;
  /** Something waits, and what would send it could not be loaded. */
  readonly stuck: ReadonlySignal<boolean>;

  private readonly list: Signal<readonly Outgoing[]> = signal([]);
  private sender: Sender | undefined;
  private readonly failures: Signal<number> = signal(0);
  private loading: Promise<Sender> | undefined;
  private scope: string | undefined;
  /** Whose messages are in the list. */
  private owner: string | undefined;
  private online = false;
  /** What other pages may have taken up while this one stood still. */
  private doubtful: readonly Outgoing[] = [];
  /** Before there was a sender to say it to. */
  private readonly discarded = new Set<string>();
  private readonly ports: OutboxPorts;

  constructor(ports: OutboxPorts) {
    this.ports = ports;
    this.outgoing = this.list;
    this.stuck = computed(() => this.failures.value > 0 && this.list.value.length > 0);
  }

  /** Loads what sends, unless that has been done. It tries again by itself for as long as something waits. */
  load(): Promise<Sender> {
    this.loading ??= this.ports.sender(this.list).then(
      (sender) => this.handOver(sender),
      (cause: unknown) => {
        this.loading = undefined;
        this.ports.clock.after(backoff(this.failures.value++, this.ports.random), () => {
          if (this.list.peek().length > 0) this.want();
        });
        throw cause;
      },
    );
    return this.loading;
  }

  private want(): void {
    this.load().catch(() => undefined);
  }

  private async handOver(sender: Sender): Promise<Sender> {
    this.failures.value = 0;
    if (this.doubtful.length > 0) await sender.recheck(this.owner, this.doubtful);
    this.sender = sender;
    if (this.scope !== undefined) sender.open(this.scope);
    sender.setOnline(this.online);
    for (const nonce of this.discarded) sender.discard(nonce);
    for (const { item } of this.list.peek()) sender.take(item);
    return sender;
  }

  /** What waits, and of whom, that is not on the device yet: it would be gone with the page. */
  get untaken(): Untaken {
    const items = this.list.peek().map(({ item }) => item);
    return { scope: this.owner, items: items.filter(({ nonce }) => !this.sender?.hasKept(nonce)) };
  }

  /** See `Client`. */
  recheck(): void {
    this.doubtful = this.list.peek();
    void this.sender?.recheck(this.owner, this.doubtful);
  }

  /** Takes up what `scope`, one user on this device, has waiting. */
  open(scope: string): void {
    this.scope = scope;
    this.owner = scope;
    this.sender?.open(scope);
    if (this.sender === undefined) this.ports.clock.after(atTheLatest, () => this.want());
  }

  close(): void {
    this.scope = undefined;
    this.sender?.close();
  }

  /** Forgets everything that waits, here, in the other tabs and on the device. */
  async clear(): Promise<void> {
    this.list.value = [];
    await (await this.load()).clear();
  }

  /** The server can be reached, or not. */
  setOnline(online: boolean): void {
    this.online = online;
    this.sender?.setOnline(online);
  }

  add(to: Address, pieces: readonly Piece[], about: Product | undefined): OutboxItem {
    const now = this.ports.clock.now();
    const list = this.list.peek();
    const item: OutboxItem = {
      ...to,
      ...(about !== undefined && { product: about.id }),
      nonce: this.ports.nonce(),
      pieces,
      files: pieces.map(() => undefined),
      order: Math.max(now, (list.at(-1)?.item.order ?? 0) + 0.001),
      queuedAt: now,
      tried: false,
    };
    this.list.value = [...list, waiting(item)];
    this.take(item);
    return item;
  }

  private take(item: OutboxItem): void {
    if (this.sender === undefined) this.want();
    else this.sender.take(item);
  }

  /** Sends a failed or old message after all, and those of its run after it. */
  retry(nonce: string): void {
    this.sender?.retry(nonce);
  }

  /** What it returns takes the message up again. */
  discard(nonce: string): () => void {
    if (this.sender !== undefined) return this.sender.discard(nonce);
    const gone = this.list.peek().filter(({ item }) => item.nonce === nonce);
    this.list.value = this.list.peek().filter(({ item }) => item.nonce !== nonce);
    this.discarded.add(nonce);
    return () => {
      this.discarded.delete(nonce);
      this.list.value = [...this.list.peek(), ...gone].sort((a, b) => a.item.order - b.item.order);
      for (const { item } of gone) this.take(item);
    };
  }

  /** A message with this nonce is stored: its event is as good as its ack. */
  echoed(nonce: string): void {
    this.sender?.echoed(nonce);
  }

  /** The conversation with `peer` has a name by now. */
  adopt(peer: string, conversation: string): void {
    if (this.sender !== undefined) return this.sender.adopt(peer, conversation);
    this.list.value = this.list.peek().map((one) => {
      const { item } = one;
      const theirs = item.peer === peer && item.conversation === undefined;
      return theirs ? { ...one, item: { ...item, conversation } } : one;
    });
  }
}
