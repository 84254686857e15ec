import { type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Conversation, Message, Participant, Recall, Side, SideProgress } from "../protocol/body.ts";
import type { WatermarkEvent } from "../protocol/frame.ts";
import type { Failure } from "./api.ts";
import { backoff } from "./backoff.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Clock } from "./ports.ts";

export type ConversationsPorts = {
  side: Side;
  clock: Clock;
  random(): number;
  fetch(id: string): Promise<Conversation | Failure>;
  /** What is kept of a conversation is another now. `before` is undefined for one that is new here. */
  changed(now: Conversation, before: Conversation | undefined): void;
};

/** The participant's conversations as far as they are known, each at the newest rev that was told. */
export class Conversations {
  readonly known = new Map<string, Signal<Conversation | undefined>>();
  private readonly fetching = new Map<string, number>();
  private life = 0;
  private readonly ports: ConversationsPorts;

  constructor(ports: ConversationsPorts) {
    this.ports = ports;
  }

  get(id: string): ReadonlySignal<Conversation | undefined> {
    return this.slot(id);
  }

  peek(id: string): Conversation | undefined {
    return this.known.get(id)?.peek();
  }

  /** The one with `uid` on the other side. */
  withPeer(uid: string): Conversation | undefined {
    for (const slot of this.known.values()) {
      const conversation = slot.peek();
      if (conversation !== undefined && this.peer(conversation).uid === uid) return conversation;
    }
    return undefined;
  }

  mine(conversation: Conversation): SideProgress {
    return this.ports.side === "buyer" ? conversation.buyer_at : conversation.merchant_at;
  }

  theirs(conversation: Conversation): SideProgress {
    return this.ports.side === "buyer" ? conversation.merchant_at : conversation.buyer_at;
  }

  peer(conversation: Conversation): Participant {
    return this.ports.side === "buyer" ? conversation.merchant : conversation.buyer;
  }

  self(conversation: Conversation): Participant {
    return this.ports.side === "buyer" ? conversation.buyer : conversation.merchant;
  }

  /** Everything kept is void. The signals stay, for those who watch them. */
  clear(): void {
    this.life++; // and so are the answers under way
    this.fetching.clear();
    for (const slot of this.known.values()) slot.value = undefined;
  }

  /** A whole account of a conversation. An older one than is known changes nothing. */
  apply(told: Conversation): void {
    const slot = this.slot(told.id);
    const before = slot.peek();
    if (before !== undefined && told.rev < before.rev) return;
    let now = told;
    if (told.last === undefined && before?.last !== undefined) now = { ...told, last: before.last };
    this.set(slot, now, before);
    // An event of a conversation leaves out its last message; unless that follows, it is asked for.
    if ((now.last?.seq ?? 0) < now.last_seq) this.refetch(now.id, 1_000);
  }

  message(message: Message): void {
    const slot = this.slot(message.conversation);
    const before = slot.peek();
    if (before === undefined) return this.refetch(message.conversation);
    if (message.seq < before.last_seq || before.last?.seq === message.seq) return;
    const now = {
      ...before,
      last: message,
      last_at: message.sent_at,
      rev: Math.max(before.rev, message.rev),
    };
    if (message.seq === before.last_seq) return this.set(slot, now, before); // the conversation event came first
    const theirs = message.sender === this.peer(before).uid;
    const unread = before.unread + (theirs ? 1 : 0);
    // Who was answered automatically still waits, and who writes has come back to what was marked.
    const waiting = message.auto === undefined ? { waiting: theirs, ...(!theirs && { marked: false }) } : {};
    this.set(slot, { ...now, last_seq: message.seq, unread, ...waiting }, before);
    if (message.seq > before.last_seq + 1) this.refetch(message.conversation);
  }

  watermark(kind: "delivered" | "read", event: WatermarkEvent): void {
    const slot = this.slot(event.conversation);
    const before = slot.peek();
    if (before === undefined) return this.refetch(event.conversation);
    const key = event.side === "buyer" ? "buyer_at" : "merchant_at";
    const at = before[key];
    const moved: SideProgress = {
      ...at,
      delivered: Math.max(at.delivered, event.seq), // reading implies it
      read: kind === "read" ? Math.max(at.read, event.seq) : at.read,
    };
    let now: Conversation = { ...before, [key]: moved, rev: Math.max(before.rev, event.rev) };
    if (kind === "read" && event.side === this.ports.side) {
      if (event.rev >= before.rev) now = { ...now, unread: event.unread, marked: false };
      else this.refetch(event.conversation); // what came meanwhile may be unread or not
    }
    this.set(slot, now, before);
  }

  recall(recall: Recall): void {
    const slot = this.slot(recall.conversation);
    const before = slot.peek();
    if (before === undefined) return this.refetch(recall.conversation);
    let { last } = before;
    if (last?.seq === recall.seq) last = { ...last, blocks: [], recalled_at: recall.at };
    const rev = Math.max(before.rev, recall.rev);
    this.set(slot, { ...before, rev, ...(last !== undefined && { last }) }, before);
  }

  /** The user has read up to seq; shown before the server confirms it. */
  readHere(id: string, seq: number): void {
    const slot = this.slot(id);
    const before = slot.peek();
    if (before === undefined || seq < before.last_seq || before.unread === 0) return;
    this.set(slot, { ...before, unread: 0 }, before);
  }

  /** Asks the server how a conversation stands, in `ms`, again and again until it says. */
  refetch(id: string, ms = 0): void {
    if (this.fetching.has(id)) return;
    this.fetching.set(id, 0);
    this.fetchIn(id, ms);
  }

  private fetchIn(id: string, ms: number): void {
    const { life } = this;
    this.ports.clock.after(ms, () => {
      if (life !== this.life) return;
      const at = this.peek(id);
      if (ms >= 1_000 && at?.last !== undefined && at.last.seq >= at.last_seq) {
        this.fetching.delete(id);
        return; // it has come by itself
      }
      this.ports
        .fetch(id)
        .then((answer) => {
          if (life === this.life) this.fetched(id, answer);
        })
        .catch(() => this.fetching.delete(id));
    });
  }

  private fetched(id: string, answer: Conversation | Failure): void {
    const attempt = this.fetching.get(id) ?? 0;
    this.fetching.delete(id);
    if (!isFailure(answer)) {
      this.apply(answer);
      const now = this.peek(id);
      // An event overtook the answer: what it could not tell is still unknown.
      if (now === undefined || now.rev <= answer.rev || attempt >= 6) return;
      this.fetching.set(id, attempt + 1);
      this.fetchIn(id, 200 * 2 ** attempt);
    } else if (worthRetrying(answer) !== "never" && attempt < 6) {
      this.fetching.set(id, attempt + 1);
      this.fetchIn(id, backoff(attempt, this.ports.random));
    }
  }

  private set(
    slot: Signal<Conversation | undefined>,
    now: Conversation,
    before: Conversation | undefined,
  ): void {
    slot.value = now;
    this.ports.changed(now, before);
  }

  private slot(id: string): Signal<Conversation | undefined> {
    let slot = this.known.get(id);
    if (slot === undefined) {
      slot = signal<Conversation | undefined>(undefined);
      this.known.set(id, slot);
    }
    return slot;
  }
}
