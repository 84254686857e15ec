import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Conversation, Message, Participant, Product, Recall } from "../protocol/body.ts";
import type { Entry, Failure, Piece, Thread, Tick } from "./api.ts";
import { backoff } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import type { Conversations } from "./conversations.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Marks } from "./marks.ts";
import type { Outbox } from "./outbox.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Clock, OutboxItem } from "./ports.ts";
import type { Rest } from "./rest.ts";
import { Timeline } from "./timeline.ts";
import type { Typists } from "./typing.ts";

const typingThrottle = 3_000;
/** So many messages are fetched at the most only to say that they have arrived. */
const fetchedForAck = 200;
/** So many messages sent in this session can be drawn from what was sent. */
const sentKept = 30;

/** So many of the newest messages are drawn as soon as a thread is. */
const shownAtOnce = 50;
/** Of the page around a message, so many come with it or after it. */
const roomAfter = 25;

/** So many pages of what one wrote oneself are looked through for where the unread begins. */
const pagesForUnread = 20;

const messagesMissing: Failure = { code: "unavailable", message: "messages are missing" };

export type ThreadPorts = {
  clock: Clock;
  random(): number;
  rest: Rest;
  connection: Connection;
  conversations: Conversations;
  outbox: Outbox;
  delivered: Marks;
  read: Marks;
  typists: Typists;
  position(pos: number): void;
};

/** Names a thread before it has a conversation: by the seller, and the product it will begin with. */
export type ThreadStart = { conversation: string } | { peer: Participant; product?: Product };

export class LiveThread implements Thread {
  readonly conversation: ReadonlySignal<Conversation | undefined>;
  readonly peer: ReadonlySignal<Participant | undefined>;
  readonly entries: ReadonlySignal<readonly Entry[]>;
  readonly state: Signal<"loading" | "ready" | "failed"> = signal("loading");
  readonly failure: Signal<Failure | undefined> = signal(undefined);
  readonly hasOlder: Signal<boolean> = signal(false);
  readonly loadingOlder: Signal<boolean> = signal(false);
  readonly hasNewer: Signal<boolean> = signal(false);
  readonly firstUnread: Signal<number | undefined> = signal(undefined);
  readonly peerTyping: ReadonlySignal<string | undefined>;

  private readonly ports: ThreadPorts;
  private readonly id: Signal<string | undefined>;
  private readonly startPeer: Signal<Participant | undefined>;
  private product: Product | undefined;
  private readonly messages: Signal<readonly Message[]> = signal([]);
  private readonly timeline: Timeline;
  private readonly drawn = new Map<string, Entry>();
  /** Pieces of what was sent in this session, so that own pictures show without being fetched. */
  private readonly sent = new Map<string, readonly Piece[]>();
  private shown = false;
  private dirty = false;
  private syncing = false;
  private failures = 0;
  private life = 0;
  private cancelRetry: (() => void) | undefined;
  private typedAt = 0;
  readAtOpening: number | undefined;
  private attended = true;
  private readHere = 0;
  /** The message that is loaded around, while `hasNewer`; else what is newest is. */
  private around: number | undefined;

  constructor(ports: ThreadPorts, start: ThreadStart) {
    this.ports = ports;
    this.id = signal("conversation" in start ? start.conversation : undefined);
    this.startPeer = signal("peer" in start ? start.peer : undefined);
    this.product = "product" in start ? start.product : undefined;
    this.timeline = new Timeline((messages) => {
      this.messages.value = messages;
    });
    this.conversation = computed(() => {
      const id = this.id.value;
      return id === undefined ? undefined : ports.conversations.get(id).value;
    });
    this.peerTyping = computed(() => {
      const id = this.id.value;
      return id === undefined ? undefined : ports.typists.in(id).value;
    });
    this.peer = computed(() => {
      const conversation = this.conversation.value;
      return conversation === undefined ? this.startPeer.value : ports.conversations.peer(conversation);
    });
    this.entries = computed(() => this.draw(), {
      watched: () => this.appeared(),
      unwatched: () => {
        this.shown = false;
      },
    });
    if (this.id.peek() === undefined) this.state.value = "ready";
  }

  get conversationId(): string | undefined {
    return this.id.peek();
  }

  get loaded(): boolean {
    return this.timeline.isLoaded;
  }

  /** The first message will be to this seller, about this. */
  about(product: Product, seller: Participant): void {
    this.product = product;
    this.startPeer.value = seller;
  }

  /** The conversation has been begun. */
  begun(conversation: string): void {
    if (this.id.peek() !== undefined) return;
    this.id.value = conversation;
    this.timeline.load([], 0);
    const known = this.ports.conversations.peek(conversation);
    if (known !== undefined) this.conversationChanged(known);
  }

  /** Loads what is newest, or where the unread begins, unless that has been done. */
  open(): void {
    // What failed is tried again by a timer, by whoever looks anew or asks for it: a page may call this often.
    if (!this.timeline.isLoaded && this.state.peek() !== "failed") this.sync();
  }

  /** Gives up what can be loaded again, unless somebody is looking. Says whether it did. */
  unload(): boolean {
    if (this.shown || this.syncing || this.id.peek() === undefined || !this.timeline.isLoaded) return false;
    this.sent.clear();
    this.reset();
    return true;
  }

  message(message: Message): void {
    batch(() => {
      // What is newest is fetched when it is gone to.
      const { upTo } = this.timeline;
      if (this.hasNewer.peek() && message.seq > upTo) this.timeline.headAt(message.seq);
      else this.timeline.add(message);
      if (!this.attended) this.cameUnseen(upTo);
      this.told();
    });
    this.repair();
  }

  recalled(recall: Recall): void {
    this.timeline.recall(recall);
  }

  /** A whole account of the conversation came in: what it shows of messages and recalls is fetched. */
  conversationChanged(conversation: Conversation): void {
    this.timeline.headAt(conversation.last_seq);
    this.repair();
  }

  /** The connection was away, and the conversation has changed since. */
  resync(conversation: Conversation): void {
    this.timeline.headAt(conversation.last_seq);
    this.dirty = true;
    this.repair();
  }

  /** Everything kept is void. */
  reset(): void {
    this.life++;
    this.cancelRetry?.();
    this.syncing = false;
    this.timeline.clear();
    this.drawn.clear();
    this.leaveAround();
    if (this.id.peek() === undefined) return;
    this.state.value = "loading";
    if (this.shown) this.sync();
  }

  sentPieces(item: OutboxItem): void {
    this.sent.set(item.nonce, item.pieces);
    for (const [oldest] of this.sent) {
      if (this.sent.size <= sentKept) break;
      this.sent.delete(oldest);
    }
  }

  owns(item: OutboxItem): boolean {
    const id = this.id.peek();
    if (item.conversation !== undefined || item.peer === undefined) return item.conversation === id;
    return item.peer === this.peer.peek()?.uid;
  }

  visit(): void {
    this.readAtOpening = undefined;
    if (this.timeline.isLoaded) this.findFirstUnread();
  }

  async loadOlder(): Promise<void> {
    const id = this.id.peek();
    const { oldest } = this.timeline;
    if (id === undefined || oldest === undefined || oldest <= 1 || this.loadingOlder.peek()) return;
    const { life } = this;
    this.loadingOlder.value = true;
    const page = await this.ports.rest.messages(id, { before: oldest });
    batch(() => {
      this.loadingOlder.value = false;
      if (life !== this.life) return;
      this.failure.value = isFailure(page) ? page : undefined;
      if (!isFailure(page)) this.timeline.prepend(page.messages);
      const conversation = this.conversation.peek();
      if (conversation !== undefined) this.markFirstUnread(conversation);
      this.hasOlder.value = this.timeline.hasOlder;
    });
  }

  async loadNewer(): Promise<void> {
    const id = this.id.peek();
    if (id === undefined || !this.hasNewer.peek() || this.syncing) return;
    const { life } = this;
    this.syncing = true;
    await this.loadAfter(id, life, this.timeline.upTo, false); // if that fails, scrolling on asks again
    if (life !== this.life) return;
    this.syncing = false;
    this.hasNewer.value = this.timeline.upTo < (this.conversation.peek()?.last_seq ?? 0);
    this.repair();
  }

  async showAround(seq: number): Promise<void> {
    if (this.id.peek() === undefined) return;
    const { oldest = 0, upTo } = this.timeline;
    const here = this.timeline.isLoaded && !this.hasNewer.peek();
    if (here && seq >= Math.max(oldest, upTo - shownAtOnce)) return;
    this.around = seq;
    await this.reload();
  }

  async showNewest(): Promise<void> {
    if (!this.hasNewer.peek()) return;
    this.leaveAround();
    this.readAtOpening = this.conversation.peek()?.last_seq; // who goes to the end does not stop half-way
    await this.reload();
  }

  private leaveAround(): void {
    this.around = undefined;
    this.hasNewer.value = false;
  }

  async reload(): Promise<void> {
    this.life++;
    this.cancelRetry?.();
    this.syncing = false;
    if (this.id.peek() === undefined) return;
    this.timeline.clear();
    this.state.value = "loading";
    this.syncing = true;
    await this.synchronize();
  }

  send(pieces: readonly Piece[], about?: Product): void {
    const conversation = this.conversation.peek();
    const id = this.id.peek();
    const peer = this.peer.peek()?.uid;
    if (id === undefined && peer === undefined) return;
    // A first message has to say about what; later ones only when that changes.
    const subject = id === undefined ? (about ?? this.product) : about;
    const news = subject !== undefined && (id === undefined || subject.id !== conversation?.product?.id);
    const to = { ...(id !== undefined && { conversation: id }), ...(peer !== undefined && { peer }) };
    this.typedAt = 0;
    this.showNewest().catch(() => undefined); // that is where it will stand
    this.ports.outbox.add(to, pieces, news ? subject : undefined);
  }

  retry(key: string): void {
    this.ports.outbox.retry(key);
  }

  discard(key: string): () => void {
    return this.ports.outbox.discard(key);
  }

  async recall(seq: number): Promise<Failure | undefined> {
    const conversation = this.id.peek();
    if (conversation === undefined) return undefined;
    const answer = await this.ports.connection.ask({ recall: { conversation, seq } });
    if (isFailure(answer)) return answer;
    if (answer.pos !== undefined) this.ports.position(answer.pos);
    const known = this.messages.peek().find((message) => message.seq === seq);
    const by = known?.sender ?? "";
    const at = this.ports.clock.now();
    const recall: Recall = { conversation, seq, rev: answer.rev ?? 0, by, at };
    batch(() => {
      this.timeline.recall(recall);
      this.ports.conversations.recall(recall);
    });
    return undefined;
  }

  markRead(seq: number): void {
    const conversation = this.conversation.peek();
    if (conversation === undefined) return;
    const upTo = Math.min(seq, conversation.last_seq);
    this.readHere = Math.max(this.readHere, upTo);
    if (upTo <= this.ports.conversations.mine(conversation).read) return;
    this.ports.conversations.readHere(conversation.id, upTo);
    this.ports.read.put(conversation.id, upTo);
  }

  get readUpTo(): number {
    const conversation = this.conversation.peek();
    const told = conversation === undefined ? 0 : this.ports.conversations.mine(conversation).read;
    return Math.max(this.readHere, told);
  }

  attend(on: boolean): void {
    this.attended = on;
  }

  typing(): void {
    const conversation = this.id.peek();
    const now = this.ports.clock.now();
    if (conversation === undefined || now - this.typedAt < typingThrottle) return;
    if (this.ports.connection.tell({ typing: { conversation } })) this.typedAt = now;
  }

  async setBlocked(blocked: boolean): Promise<Failure | undefined> {
    const id = this.id.peek();
    if (id === undefined) return undefined;
    const answer = await this.ports.rest.setBlocked(id, blocked);
    if (isFailure(answer)) return answer;
    this.ports.conversations.apply(answer);
    return undefined;
  }

  async report(reason: string, seq?: number): Promise<Failure | undefined> {
    const id = this.id.peek();
    return id === undefined ? undefined : this.ports.rest.report(id, reason, seq);
  }

  private appeared(): void {
    this.shown = true;
    // Not while a computation is running.
    Promise.resolve()
      .then(() => {
        if (!this.timeline.isLoaded) return this.sync();
        this.repair();
      })
      .catch(() => undefined);
  }

  /** Asks for what is missing, if anybody is looking. */
  private repair(): void {
    if (this.shown && this.failure.peek() !== undefined) void this.loadOlder(); // there is a server again
    if (!this.timeline.isLoaded) return;
    if (this.shown && (this.dirty || this.missing() !== undefined)) this.sync();
  }

  /** Which messages have to be asked for, unless what is newest is not shown. */
  private missing(): ReturnType<Timeline["missing"]> {
    return this.hasNewer.peek() ? undefined : this.timeline.missing();
  }

  private sync(): void {
    if (this.syncing || this.id.peek() === undefined) return;
    this.syncing = true;
    this.synchronize().catch(() => undefined);
  }

  /** Loads or completes the timeline, and tries again for as long as that may help. */
  private async synchronize(): Promise<void> {
    const { life } = this;
    const failure = await this.complete(life);
    if (life !== this.life) return;
    this.syncing = false;
    if (failure === undefined) {
      this.failures = 0;
      if (this.dirty || this.missing() !== undefined) this.repair(); // more has come meanwhile
      return;
    }
    if (!this.timeline.isLoaded) {
      batch(() => {
        this.failure.value = failure;
        this.state.value = "failed";
      });
    }
    if (worthRetrying(failure) === "never") return;
    this.cancelRetry?.();
    this.cancelRetry = this.ports.clock.after(backoff(this.failures++, this.ports.random), () => this.sync());
  }

  private async complete(life: number): Promise<Failure | undefined> {
    const id = this.id.peek();
    if (id === undefined) return undefined;
    let { dirty } = this;
    this.dirty = false;
    for (;;) {
      const missing = this.timeline.isLoaded ? this.missing() : "newest";
      if (missing === undefined && !dirty) return undefined;
      const failure =
        missing === "newest"
          ? await this.loadNewest(id, life)
          : await this.loadAfter(id, life, missing?.after, dirty);
      if (failure !== undefined || life !== this.life) {
        this.dirty ||= dirty && failure !== undefined;
        return failure;
      }
      dirty = false;
    }
  }

  private async loadNewest(id: string, life: number): Promise<Failure | undefined> {
    // How it stands comes first: recalls after that rev are events, or asked for.
    let conversation: Conversation | Failure | undefined = this.ports.conversations.peek(id);
    if (conversation === undefined) {
      conversation = await this.ports.rest.conversation(id);
      if (life !== this.life) return undefined;
      if (isFailure(conversation)) return conversation;
      this.ports.conversations.apply(conversation);
    }
    if (this.timeline.isLoaded) this.readAtOpening = undefined;
    else if (this.around === undefined) {
      const unread = await this.unreadFarBack(conversation);
      if (typeof unread === "object") return unread;
      if (life !== this.life) return undefined;
      this.around ??= unread;
    }
    const { around } = this;
    const page = await this.ports.rest.messages(
      id,
      around === undefined ? undefined : { before: around + roomAfter },
    );
    if (isFailure(page)) return page;
    if (life !== this.life) return undefined;
    const { rev, last_seq } = conversation;
    return batch(() => {
      this.timeline.load(page.messages, rev);
      // A newest page that does not reach what was known means: it was told of less than it should.
      if (this.timeline.upTo < last_seq) this.timeline.headAt(last_seq);
      this.hasNewer.value = around !== undefined && this.timeline.upTo < last_seq;
      this.findFirstUnread();
      this.told();
      this.failure.value = undefined;
      this.state.value = "ready";
      // A server that does not have what it announced: ask again later, not at once.
      return this.missing() === "newest" ? messagesMissing : undefined;
    });
  }

  /**
   * Where to begin reading, if that is further back than the newest page reaches: nothing unread is skipped. What
   * one wrote oneself may lie between that and what was read.
   */
  private async unreadFarBack({ id, unread, last_seq }: Conversation): Promise<number | Failure | undefined> {
    const newest = last_seq - shownAtOnce;
    const peer = this.peer.peek()?.uid;
    let after = this.readAtOpening ?? this.readUpTo;
    for (let pages = 0; unread > 0 && after < newest && pages < pagesForUnread; pages++) {
      const page = await this.ports.rest.messages(id, { after });
      if (isFailure(page)) return page;
      const first = page.messages.find((message) => message.sender === peer)?.seq;
      if (first !== undefined) return first <= newest ? first : undefined;
      after = page.messages.at(-1)?.seq ?? newest;
    }
    return undefined;
  }

  private async loadAfter(
    id: string,
    life: number,
    after: number | undefined,
    recalls: boolean,
  ): Promise<Failure | undefined> {
    if (recalls) {
      const failure = await this.loadRecalls(id, life);
      if (failure !== undefined || after === undefined) return failure;
    }
    if (after === undefined) return undefined;
    const page = await this.ports.rest.messages(id, { after });
    if (isFailure(page)) return page;
    if (life !== this.life) return undefined;
    const progress = batch(() => {
      const { upTo } = this.timeline;
      const filled = this.timeline.fill(page.messages);
      if (!this.hasNewer.peek()) this.cameUnseen(upTo); // it came while the connection was away
      this.told();
      return filled;
    });
    return progress ? undefined : messagesMissing;
  }

  private async loadRecalls(id: string, life: number): Promise<Failure | undefined> {
    const upTo = this.ports.conversations.peek(id)?.rev ?? 0;
    for (;;) {
      const page = await this.ports.rest.recalls(id, this.timeline.recallsKnownTo);
      if (isFailure(page)) return page;
      if (life !== this.life) return undefined;
      batch(() => {
        for (const recall of page.recalls) this.timeline.recall(recall);
      });
      this.timeline.recallsAt(page.recalls.at(-1)?.rev ?? 0);
      if (page.more !== true) {
        this.timeline.recallsAt(upTo);
        return undefined;
      }
    }
  }

  /** The list of messages may be another: says so to who watches, and to the server what has arrived. */
  private told(): void {
    this.hasOlder.value = this.timeline.hasOlder;
    const conversation = this.conversation.peek();
    if (conversation === undefined || !this.timeline.isLoaded) return;
    this.acknowledge(conversation);
  }

  /** Tells the server what has arrived; never over a gap, so what lies before the page is fetched first. */
  private acknowledge(conversation: Conversation): void {
    const { delivered } = this.ports.conversations.mine(conversation);
    const self = this.ports.conversations.self(conversation).uid;
    const last = this.messages.peek().findLast((message) => message.sender !== self)?.seq ?? 0;
    const { oldest } = this.timeline;
    if (last <= delivered || oldest === undefined) return;
    if (oldest <= delivered + 1) return this.ports.delivered.put(conversation.id, last);
    if (last - delivered > fetchedForAck) return;
    this.loadOlder()
      .then(() => {
        if (this.timeline.oldest !== oldest) this.acknowledge(conversation);
      })
      .catch(() => undefined);
  }

  private findFirstUnread(): void {
    const conversation = this.conversation.peek();
    if (conversation === undefined) return;
    const { read } = this.ports.conversations.mine(conversation);
    this.readAtOpening ??= conversation.unread > 0 ? read : undefined;
    this.markFirstUnread(conversation);
  }

  /** What has come after `upTo` is new, from its first message on, unless something before it still is. */
  private cameUnseen(upTo: number): void {
    const conversation = this.conversation.peek();
    if (conversation === undefined || this.timeline.upTo === upTo) return;
    if (this.readAtOpening === undefined || this.readUpTo >= upTo) this.readAtOpening = upTo;
    this.markFirstUnread(conversation);
  }

  private markFirstUnread(conversation: Conversation): void {
    const read = this.readAtOpening;
    const self = this.ports.conversations.self(conversation).uid;
    const first = this.messages.peek().find((m) => read !== undefined && m.seq > read && m.sender !== self);
    this.firstUnread.value = first?.seq;
  }

  private draw(): readonly Entry[] {
    const conversation = this.conversation.value;
    const messages = this.messages.value;
    const outgoing = this.ports.outbox.outgoing.value.filter(({ item }) => this.owns(item));
    const self = conversation === undefined ? undefined : this.ports.conversations.self(conversation).uid;
    const theirs = conversation === undefined ? undefined : this.ports.conversations.theirs(conversation);
    // A message may come back before its ack: it is drawn from what was sent all the same.
    for (const { item } of outgoing) this.sentPieces(item);
    const entries: Entry[] = [];
    const stored = new Set<string>();
    for (const message of messages) {
      const mine = message.sender === self;
      if (mine) stored.add(message.nonce);
      const tick = mine ? tickOf(message.seq, theirs) : undefined;
      entries.push(this.drawMessage(message, mine, tick));
    }
    // An answer was lost, and the event: it is stored all the same. Not while a computation is running.
    for (const { item } of outgoing)
      if (stored.has(item.nonce)) this.ports.clock.after(0, () => this.ports.outbox.echoed(item.nonce));
    if (this.hasNewer.value) return entries; // what waits stands after the newest
    for (const one of outgoing) if (!stored.has(one.item.nonce)) entries.push(drawOutgoing(one));
    return entries;
  }

  /** The same entry as before, the same object even, unless something about it changed. */
  private drawMessage(message: Message, mine: boolean, tick: Tick | undefined): Entry {
    const key = mine ? message.nonce : `${message.seq}`;
    const before = this.drawn.get(key);
    if (before?.kind === "message" && before.message === message && before.tick === tick) return before;
    const pieces = mine ? this.sent.get(message.nonce) : undefined;
    const entry: Entry = {
      kind: "message",
      key,
      message,
      mine,
      tick,
      ...(pieces !== undefined && { pieces }),
    };
    this.drawn.set(key, entry);
    return entry;
  }
}

function tickOf(seq: number, theirs: { delivered: number; read: number } | undefined): Tick {
  if (theirs !== undefined && theirs.read >= seq) return "read";
  return theirs !== undefined && theirs.delivered >= seq ? "delivered" : "stored";
}

function drawOutgoing({ item, tick, progress }: Outgoing): Entry {
  return {
    kind: "outgoing",
    key: item.nonce,
    pieces: item.pieces,
    tick,
    queuedAt: item.queuedAt,
    progress,
    failure: item.failure,
    stale: item.stale === true,
  };
}
