import type { Failure } from "../client/api.ts";
import { backoff } from "../client/backoff.ts";
import { isFailure, worthRetrying } from "../client/failure.ts";
import type { Clock } from "../client/ports.ts";
import { Timeline } from "../client/timeline.ts";
import type {
  Conversation,
  Message,
  MessagePage,
  Participant,
  Product,
  Recall,
  RecallPage,
} from "../protocol/body.ts";
import type { WatermarkEvent } from "../protocol/frame.ts";
import type { Line } from "./line.ts";
import type { Outbox, Piece, Waiting } from "./outbox.ts";
import type { Server } from "./server.ts";

/** Events may overtake each other by a little; a gap that stays this long is a loss. */
const patience = 250;
const typingEvery = 3_000;

export type ThreadPorts = {
  server: Server;
  line: Line;
  outbox: Outbox;
  clock: Clock;
  random(): number;
  /** Whose messages are shown. */
  user: string;
  /** Tells the page, whatever that makes of it. */
  tell(fn: () => void): void;
  closed(thread: Thread): void;
};

/** What a thread begins with: a conversation, or its seller until there is one; and a product to ask about. */
export type ThreadStart = { conversation?: Conversation; product?: Product; merchant: Participant };

/** One conversation on a page: its messages, complete and in order, and what one does in it. */
export class Thread {
  /** Undefined until the first message. */
  id: string | undefined;
  conversation: Conversation | undefined;
  readonly merchant: Participant;
  /** Oldest first, by seq, without gaps. */
  messages: readonly Message[] = [];
  /** Called whenever anything about the thread has changed. */
  changed: () => void = () => undefined;

  private readonly ports: ThreadPorts;
  private readonly timeline: Timeline;
  private life = 0;
  private failures = 0;
  private busy = false;
  private again = false;
  /** Something is to be fetched when the line is back. */
  private behind = false;
  /** What the next message is to be about, if that is another product than before. */
  private topic: string | undefined;
  private readWanted = 0;
  private told = 0;
  private readTold = 0;
  private typed = 0;
  private cancel: (() => void) | undefined;

  constructor(ports: ThreadPorts, { conversation, product, merchant }: ThreadStart) {
    this.ports = ports;
    this.conversation = conversation;
    this.id = conversation?.id;
    this.topic = product?.id;
    this.merchant = merchant;
    this.timeline = new Timeline((messages) => {
      this.messages = messages;
      this.arrived();
    });
    if (conversation === undefined) this.timeline.load([], 0);
    else this.catchUp();
  }

  /** Own messages that are not stored yet, in their order; drawn after `messages`. */
  get waiting(): Waiting[] {
    const { messages, ports } = this;
    const here = (nonce: string): boolean =>
      messages.some((message) => message.nonce === nonce && message.sender === ports.user);
    return ports.outbox.items.filter(
      ({ conversation, merchant, nonce }) =>
        (conversation === undefined ? merchant === this.merchant.uid : conversation === this.id) &&
        !here(nonce),
    );
  }

  get hasOlder(): boolean {
    return this.timeline.hasOlder;
  }

  /** Sends a message: text, or blocks in their order. Returns its nonce, by which `waiting` and `messages` have it. */
  send(what: string | Piece[]): string {
    const blocks: Piece[] = typeof what === "string" ? [{ type: "text", text: what }] : what;
    const { id, topic, merchant } = this;
    const another = topic !== undefined && topic !== this.conversation?.product?.id;
    if (id !== undefined) this.topic = undefined; // said once, the conversation is about that from now on
    return this.ports.outbox.put(
      {
        merchant: merchant.uid,
        ...(id !== undefined && { conversation: id }),
        ...(another && { product: topic }),
      },
      blocks,
    );
  }

  /** Loads the page before the oldest message. */
  async older(): Promise<void> {
    const { oldest } = this.timeline;
    const { life } = this;
    if (this.id === undefined || oldest === undefined || !this.hasOlder) return;
    const page = await this.page(`&before=${oldest}`);
    if (life === this.life) this.timeline.prepend(page.messages);
  }

  /** The user has seen everything that is here. */
  read(): void {
    this.readWanted = Math.max(this.readWanted, this.timeline.upTo);
    this.mark();
  }

  /** The user is writing. */
  typing(): void {
    const { id, ports } = this;
    if (id === undefined || ports.clock.now() - this.typed < typingEvery) return;
    this.typed = ports.clock.now();
    ports.line.tell({ typing: { conversation: id } });
  }

  /** Takes back an own message. */
  async recall(seq: number): Promise<void> {
    const { id, ports } = this;
    if (id === undefined) return;
    const outcome = await ports.line.ask({ recall: { conversation: id, seq } });
    if (isFailure(outcome)) throw outcome;
    this.recalled({ conversation: id, seq, rev: outcome.rev ?? 0, by: ports.user, at: ports.clock.now() });
  }

  /** The page is gone: nothing more is told to it. What waits is sent all the same. */
  close(): void {
    this.life++;
    this.cancel?.();
    this.changed = () => undefined;
    this.ports.closed(this);
  }

  /** For the client only, like all below: whether something that happened is of this thread. */
  isOf(conversation: string, merchant?: string): boolean {
    return this.id === undefined ? merchant === this.merchant.uid : conversation === this.id;
  }

  message(message: Message): void {
    const { conversation } = this;
    const begun = this.id === undefined;
    this.id ??= message.conversation;
    if (conversation !== undefined && message.seq > conversation.last_seq)
      this.conversation = { ...conversation, last_seq: message.seq, last: message };
    this.timeline.add(message);
    if (begun || this.timeline.missing() !== undefined) this.soon(begun ? 0 : patience);
  }

  recalled(recall: Recall): void {
    this.timeline.recall(recall);
    this.tell();
  }

  /** The conversation has changed; `missed` says that not all of what happened has been told. */
  update(conversation: Conversation, missed: boolean): void {
    this.id = conversation.id;
    this.timeline.headAt(conversation.last_seq);
    if (missed || this.timeline.missing() !== undefined) this.soon(missed ? 0 : patience);
    if (conversation.rev < (this.conversation?.rev ?? 0)) return; // what it was before a later mark
    this.conversation = conversation;
    this.tell();
  }

  /** One side has come further. */
  watermark(kind: "delivered" | "read", { side, seq, rev, unread }: WatermarkEvent): void {
    const { conversation } = this;
    if (conversation === undefined) return;
    const at = side === "buyer" ? "buyer_at" : "merchant_at";
    // Two sides' marks may come in another order than they were made; each only moves forward.
    const { delivered, read } = conversation[at];
    this.conversation = {
      ...conversation,
      rev: Math.max(rev, conversation.rev),
      [at]: {
        ...conversation[at],
        delivered: Math.max(delivered, seq),
        read: kind === "read" ? Math.max(read, seq) : read,
      },
      ...(at === this.own && rev > conversation.rev && { unread }),
    };
    this.tell();
  }

  /** Loads anew, or what came meanwhile. */
  catchUp(): void {
    const { id, life } = this;
    if (id === undefined) return;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.behind = false;
    this.load(id).then(
      () => this.caughtUp(life, undefined),
      (failure: Failure) => this.caughtUp(life, failure),
    );
  }

  /** The line is back: what was said over the last one may not have arrived. */
  online(): void {
    this.told = 0;
    this.readTold = 0;
    this.mark();
    if (this.behind) this.soon(0);
  }

  /** The client is stopped: what is being loaded is loaded anew when it is not. */
  halt(): void {
    this.life++;
    this.behind ||= this.busy;
    this.busy = false;
    this.offline();
  }

  /** Nothing can be fetched for now. */
  offline(): void {
    this.behind ||= this.cancel !== undefined;
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Everything kept is void. */
  reset(): void {
    this.life++;
    this.busy = false;
    this.readWanted = 0;
    this.conversation = undefined;
    this.timeline.clear();
    this.catchUp();
  }

  private get own(): "buyer_at" | "merchant_at" {
    return this.merchant.uid === this.ports.user ? "merchant_at" : "buyer_at";
  }

  /** Tells how far this device and its user have come, if the server does not know. */
  private mark(): void {
    const { id, conversation, messages, ports, readWanted } = this;
    if (id === undefined || conversation === undefined) return;
    const at = conversation[this.own];
    const [first] = messages;
    const last = messages[messages.length - 1];
    if (readWanted > Math.max(at.read, this.readTold)) {
      if (ports.line.tell({ read: { conversation: id, seq: readWanted } }))
        this.readTold = this.told = readWanted;
    } else if (
      first !== undefined &&
      last !== undefined &&
      first.seq <= at.delivered + 1 && // never over a gap
      last.sender !== ports.user &&
      last.seq > Math.max(at.delivered, this.told)
    ) {
      if (ports.line.tell({ delivered: { conversation: id, seq: last.seq } })) this.told = last.seq;
    }
  }

  private arrived(): void {
    this.mark();
    this.tell();
  }

  private tell(): void {
    this.ports.tell(() => this.changed());
  }

  private soon(ms: number): void {
    this.offline();
    this.behind = true;
    if (this.ports.line.state !== "online") return;
    this.cancel = this.ports.clock.after(ms, () => {
      this.cancel = undefined;
      this.catchUp();
    });
  }

  private caughtUp(life: number, failure: Failure | undefined): void {
    if (life !== this.life) return;
    this.busy = false;
    this.failures = failure === undefined ? 0 : this.failures + 1;
    if (failure !== undefined) {
      // One that is gone is not asked for again.
      if (!isFailure(failure) || worthRetrying(failure) !== "never")
        this.soon(backoff(this.failures, this.ports.random));
    } else if (this.again) this.soon(0);
    this.again = false;
    this.tell();
  }

  private async load(id: string): Promise<void> {
    const { server } = this.ports;
    const { life, timeline } = this;
    if (!timeline.isLoaded || this.conversation === undefined) await this.newest(id);
    for (let gap = timeline.missing(); gap !== undefined; gap = timeline.missing()) {
      if (gap === "newest") {
        await this.newest(id);
        break;
      }
      const { messages } = await this.page(`&after=${gap.after}`);
      if (life !== this.life || !timeline.fill(messages)) break;
    }
    for (let more: boolean | undefined = true; more && life === this.life; ) {
      const path = `/v1/conversations/${id}/recalls?after=${timeline.recallsKnownTo}`;
      const page = await server.request<RecallPage>("GET", path);
      if (life !== this.life) return;
      for (const recall of page.recalls) {
        timeline.recall(recall);
        timeline.recallsAt(recall.rev);
      }
      more = page.more;
    }
  }

  /** Starts from the newest page. The conversation is read before it: so no recall is passed over. */
  private async newest(id: string): Promise<void> {
    const { life } = this;
    const conversation = await this.ports.server.request<Conversation>("GET", `/v1/conversations/${id}`);
    const { messages } = await this.page("");
    if (life !== this.life) return;
    this.update(conversation, false);
    this.timeline.load(messages, conversation.rev);
  }

  private page(range: string): Promise<MessagePage> {
    const { id } = this;
    return this.ports.server.request("GET", `/v1/conversations/${id}/messages?limit=50${range}`);
  }
}
