import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Ack, Conversation, Me, Message, Participant, Side } from "../protocol/body.ts";
import type { ColleagueEvent, MessageEvent, ServerFrame, Welcome } from "../protocol/frame.ts";
import type { Parse } from "../protocol/parse.ts";
import type {
  Arrival,
  Client,
  ConnectionState,
  Failure,
  Inbox,
  PictureUrl,
  Presence,
  Thread,
  ThreadAbout,
  Untaken,
} from "./api.ts";
import { backoff } from "./backoff.ts";
import { Connection } from "./connection.ts";
import { Conversations } from "./conversations.ts";
import { isAboutToken, isFailure, worthRetrying } from "./failure.ts";
import type { LiveInbox } from "./inbox.ts";
import { Marks } from "./marks.ts";
import { Outbox } from "./outbox.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Pictures } from "./pictures.ts";
import type { HttpRequest, OutboxItem, Ports } from "./ports.ts";
import { Positions } from "./position.ts";
import { Presences } from "./presence.ts";
import { Rest } from "./rest.ts";
import { LiveThread, type ThreadPorts, type ThreadStart } from "./thread.ts";
import { Tokens } from "./token.ts";
import { Typists } from "./typing.ts";
import { type Totals, Unread } from "./unread.ts";

const deliveredDelay = 200;
const readDelay = 400;
/** So many threads keep their messages while nobody looks at them. */
const threadsKept = 40;

/** Makes the client of one side. It does nothing until `start`. */
export function createClient(ports: Ports, side: Side): Client {
  return new LiveClient(ports, side);
}

class LiveClient implements Client {
  readonly side: Side;
  readonly me: Signal<Me | undefined> = signal(undefined);
  readonly connection: ReadonlySignal<ConnectionState>;
  readonly unread: ReadonlySignal<Totals>;
  readonly lists: ReadonlySignal<boolean> = computed(() => this.rows.value !== undefined);
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>;
  readonly stuck: ReadonlySignal<boolean>;

  private readonly ports: Ports;
  private readonly tokens: Tokens;
  private readonly rest: Rest;
  private readonly link: Connection;
  private readonly positions: Positions;
  private readonly conversations: Conversations;
  private readonly totals: Unread;
  private readonly rows: Signal<LiveInbox | undefined> = signal(undefined);
  private readonly outbox: Outbox;
  private readonly presences: Presences;
  private readonly pictures: Signal<Pictures | undefined> = signal(undefined);
  private loadingPictures = false;
  private readonly delivered: Marks;
  private readonly read: Marks;
  private readonly typists: Typists;
  private readonly threads = new Map<string, LiveThread>();
  /** Threads that wait for their first message, by the seller's uid. */
  private readonly beginnings = new Map<string, LiveThread>();
  private readonly arrivals = new Set<(arrival: Arrival) => void>();
  private readonly colleagues = new Set<(event: ColleagueEvent) => void>();
  private readonly pushes = new Set<(payload: unknown) => void>();
  /** Up to where this device has everything, of conversations whose thread is not loaded. */
  private readonly arrived = new Map<string, number>();
  /** The last message of a conversation that was told of as news. */
  private readonly heard = new Map<string, number>();
  private stopEffect: (() => void) | undefined;
  private askingMe = false;
  private meFailures = 0;
  private cancelMe: (() => void) | undefined;
  /** Whose page this is, as the server said first. */
  private self: { uid: string; agent: string } | undefined;
  private life = 0;

  constructor(ports: Ports, side: Side) {
    const { clock, random, http } = ports;
    this.ports = ports;
    this.side = side;
    this.tokens = new Tokens(ports, side, ({ code }) => {
      if (code === "another_user") this.leave(code);
      else this.link.signOut(code);
    });
    this.rest = new Rest(http, this.tokens);
    this.link = new Connection(
      {
        clock,
        random,
        openSocket: ports.openSocket,
        openFallback: ports.openFallback,
        blocked: ports.blocked,
        http,
        tokens: this.tokens,
      },
      {
        position: () => this.positions.get(),
        welcome: (welcome) => {
          if (!this.isMine(welcome)) return;
          this.positions.welcome(welcome);
          this.cameOnline();
        },
        frame: (frame) => this.received(frame),
      },
    );
    this.connection = this.link.state;
    this.positions = new Positions({
      clock,
      random,
      changes: (since) => this.rest.changes(since),
      changed: (conversation) => this.changedMeanwhile(conversation),
      reset: () => this.reset(),
      began: () => this.catchUp(),
      reconnect: () => this.link.restart(),
    });
    this.conversations = new Conversations({
      side,
      clock,
      random,
      fetch: (id) => this.rest.conversation(id),
      changed: (now, before) => this.conversationChanged(now, before),
    });
    this.totals = new Unread(clock, () => this.askMe());
    this.unread = this.totals.totals;
    if (ports.Inbox !== undefined) this.listWith(ports.Inbox);
    this.outbox = this.newOutbox();
    this.outgoing = this.outbox.outgoing;
    this.stuck = this.outbox.stuck;
    this.presences = new Presences(clock, (uids) => this.link.tell({ watch: { uids } }));
    this.typists = new Typists(clock);
    this.delivered = new Marks(clock, deliveredDelay, (delivered) => this.link.ask({ delivered }));
    this.read = new Marks(clock, readDelay, (read) => this.link.ask({ read }));
  }

  start(): void {
    if (this.stopEffect !== undefined) return;
    this.stopEffect = effect(() => {
      const online = this.connection.value.kind === "online";
      if (!online) this.wentOffline();
    });
    this.link.start();
  }

  stop(): void {
    this.stopEffect?.();
    this.stopEffect = undefined;
    this.link.stop();
    this.outbox.close();
  }

  get inbox(): Inbox {
    const inbox = this.rows.peek();
    if (inbox === undefined) throw new Error("loadInbox has not been awaited");
    return inbox;
  }

  get untaken(): Untaken {
    return this.outbox.untaken;
  }

  recheck(): void {
    this.outbox.recheck();
  }

  async loadInbox(): Promise<void> {
    if (this.rows.peek() !== undefined) return;
    const Inbox = await this.ports.loadInbox();
    if (this.rows.peek() === undefined) this.listWith(Inbox);
  }

  private listWith(Inbox: typeof LiveInbox): void {
    const { clock, random } = this.ports;
    const { rest, conversations } = this;
    this.rows.value = new Inbox({
      clock,
      random,
      pins: this.side === "merchant",
      rest,
      conversations,
      open: (id) => this.openThread({ conversation: id }),
    });
  }

  async loadSender(): Promise<void> {
    await this.outbox.load();
  }

  thread(conversation: string): Thread {
    return this.openThread({ conversation });
  }

  threadWith(peer: Participant): Thread {
    return this.openThread({ peer });
  }

  async threadAbout(product: string): Promise<ThreadAbout | Failure> {
    const { life } = this;
    const begin = await this.rest.begin(product);
    if (isFailure(begin)) return begin;
    if (life !== this.life) return this.threadAbout(product);
    const { merchant, conversation } = begin;
    if (conversation !== undefined) this.conversations.apply(conversation);
    const known = conversation ?? this.conversations.withPeer(merchant.uid);
    const thread = this.openThread(
      known === undefined ? { peer: merchant, product: begin.product } : { conversation: known.id },
    );
    thread.about(begin.product, merchant);
    if (this.presences.of(merchant.uid).peek() === "unknown") {
      this.presences.told({ [merchant.uid]: begin.presence });
    }
    return { ...begin, thread };
  }

  ask<T extends object>(request: Omit<HttpRequest, "token">, parse: Parse<T>): Promise<T | Failure> {
    return this.rest.ask(request, parse);
  }

  presence(uid: string): ReadonlySignal<Presence> {
    return this.presences.of(uid);
  }

  typing(conversation: string): ReadonlySignal<string | undefined> {
    return this.typists.in(conversation);
  }

  watch(uids: readonly string[]): void {
    this.presences.watch(uids);
  }

  pictureUrl(file: string): ReadonlySignal<PictureUrl | undefined> {
    this.wantPictures();
    return computed(() => this.pictures.value?.url(file).value);
  }

  /** Most threads have no pictures. Where the code for them cannot be loaded, what is drawn next tries again. */
  private wantPictures(): void {
    if (this.loadingPictures) return;
    this.loadingPictures = true;
    const { clock, random } = this.ports;
    this.ports
      .pictures()
      .then((Pictures) => {
        this.pictures.value = new Pictures(clock, random, this.rest);
      })
      .catch(() => {
        this.loadingPictures = false;
      });
  }

  onArrival(listener: (arrival: Arrival) => void): () => void {
    this.arrivals.add(listener);
    return () => this.arrivals.delete(listener);
  }

  viewing(conversation: string): void {
    this.link.tell({ viewing: { conversation } });
  }

  onColleague(listener: (event: ColleagueEvent) => void): () => void {
    this.colleagues.add(listener);
    return () => this.colleagues.delete(listener);
  }

  onPush(listener: (payload: unknown) => void): () => void {
    this.pushes.add(listener);
    return () => this.pushes.delete(listener);
  }

  wake(): void {
    this.link.wake();
  }

  networkLost(): void {
    this.link.networkLost();
  }

  async signOut(): Promise<Failure | undefined> {
    const failure = await this.rest.logout(this.side);
    // Without the server's word the cookie is still good: who leaves must know that.
    if (failure !== undefined && !isAboutToken(failure.code) && failure.code !== "signed_out") return failure;
    const cleared = this.outbox.clear();
    this.leave("left");
    await cleared;
    return undefined;
  }

  /** Ends it here: nothing of the user's stays in this tab. */
  private leave(code: string): void {
    this.tokens.end();
    this.link.signOut(code);
    this.cancelMe?.();
    this.me.value = undefined;
    this.totals.clear();
    this.forget();
  }

  /** Whether the connection is still the one user's. Another one must neither see nor send what is here. */
  private isMine({ uid, agent = "" }: Welcome): boolean {
    this.self ??= { uid, agent };
    if (this.self.uid === uid && this.self.agent === agent) {
      this.outbox.open([this.side, uid, agent].join(" "));
      return true;
    }
    this.outbox.close();
    this.leave("another_user");
    return false;
  }

  private newOutbox(): Outbox {
    const { clock, random, nonce } = this.ports;
    return new Outbox({
      clock,
      random,
      nonce,
      sender: async (list) => {
        const sending = await this.ports.sending();
        const sender = new sending.Sender(
          {
            clock,
            random,
            rest: this.rest,
            sending,
            send: (send) => this.link.ask({ send }),
            stored: (item, ack, repeat) => {
              const message = this.storedMessage(item, ack);
              if (message === undefined) return;
              // The answer to a repeat tells a position that others' events, still under way, may have reached.
              const pos = repeat ? undefined : ack.pos;
              this.applyMessage(message);
              if (pos !== undefined) this.positions.note(pos);
              sender.tell(message, pos);
            },
            storedElsewhere: (message) => this.applyMessage(message),
            signedOutElsewhere: () => this.leave("left"),
          },
          list,
        );
        return sender;
      },
    });
  }

  private storedMessage(item: OutboxItem, ack: Ack): Message | undefined {
    const me = this.me.peek();
    const { self } = this;
    if (self === undefined || ack.conversation === undefined || ack.seq === undefined) return undefined;
    this.threadOf(ack.conversation, item.peer)?.sentPieces(item);
    const text = item.pieces.flatMap((piece) => (piece.type === "text" ? [piece] : []));
    return {
      conversation: ack.conversation,
      seq: ack.seq,
      rev: ack.rev ?? 0,
      sender: self.uid,
      ...(self.agent !== "" && { agent: self.agent }),
      ...(me?.agent_name !== undefined && { agent_name: me.agent_name }),
      nonce: item.nonce,
      blocks: ack.blocks ?? text,
      sent_at: ack.sent_at ?? this.ports.clock.now(),
    };
  }

  private openThread(start: ThreadStart): LiveThread {
    const [map, key] =
      "conversation" in start
        ? ([this.threads, start.conversation] as const)
        : ([this.beginnings, start.peer.uid] as const);
    let thread = map.get(key);
    if (thread === undefined) {
      thread = new LiveThread(this.threadPorts(), start);
      this.makeRoom();
    }
    map.delete(key); // so that what was opened last is last
    map.set(key, thread);
    thread.open();
    return thread;
  }

  /** Of the threads that nobody looks at, those opened longest ago give up their messages. */
  private makeRoom(): void {
    let loaded = 0;
    for (const thread of this.threads.values()) if (thread.loaded) loaded++;
    for (const thread of this.threads.values()) {
      if (loaded < threadsKept) return;
      if (thread.unload()) loaded--;
    }
  }

  private threadPorts(): ThreadPorts {
    const { clock, random } = this.ports;
    const { rest, conversations, outbox, delivered, read, typists } = this;
    const position = (pos: number): void => this.positions.note(pos);
    return {
      clock,
      random,
      rest,
      connection: this.link,
      conversations,
      outbox,
      delivered,
      read,
      typists,
      position,
    };
  }

  /** The thread of a conversation, which may have been waiting for it under the seller's name. */
  private threadOf(conversation: string, peer?: string): LiveThread | undefined {
    const known = this.threads.get(conversation);
    const uid = peer ?? this.peerOf(conversation);
    const waiting = uid === undefined ? undefined : this.beginnings.get(uid);
    if (known !== undefined || waiting === undefined || uid === undefined) return known;
    this.beginnings.delete(uid);
    this.threads.set(conversation, waiting);
    waiting.begun(conversation);
    return waiting;
  }

  private peerOf(conversation: string): string | undefined {
    const known = this.conversations.peek(conversation);
    return known === undefined ? undefined : this.conversations.peer(known).uid;
  }

  private cameOnline(): void {
    this.askMe();
    this.presences.online();
    this.delivered.flushSoon();
    this.read.flushSoon();
    this.outbox.setOnline(true);
  }

  private wentOffline(): void {
    this.outbox.setOnline(false);
    this.positions.disconnected();
    this.presences.offline();
  }

  /** Asks the server who one is and how much is unread. */
  private askMe(): void {
    if (this.askingMe) return;
    this.askingMe = true;
    const told = this.read.settled;
    this.rest
      .me()
      .then((me) => {
        this.askingMe = false;
        if (this.connection.peek().kind === "signed_out") return;
        if (isFailure(me)) return this.askMeLater(me);
        this.meFailures = 0;
        batch(() => {
          this.me.value = me;
          // A count made before the server knew of what was read here would bring that back as unread.
          if (told && this.read.settled) this.totals.counted(me);
          else if (this.connection.peek().kind === "online") this.totals.unsure();
        });
      })
      .catch(() => {
        this.askingMe = false;
      });
  }

  private askMeLater(failure: Failure): void {
    if (worthRetrying(failure) === "never") return;
    const wait = (failure.retryAfterMs ?? 0) + backoff(this.meFailures++, this.ports.random);
    this.cancelMe?.();
    this.cancelMe = this.ports.clock.after(wait, () => {
      if (this.connection.peek().kind === "online") this.askMe();
    });
  }

  private reset(): void {
    this.forget();
    this.askMe();
  }

  /** Drops everything that is known of conversations, and the answers under way. */
  private forget(): void {
    this.life++;
    batch(() => {
      this.arrived.clear();
      this.heard.clear();
      this.delivered.clear();
      this.read.clear();
      this.conversations.clear();
      for (const thread of this.threads.values()) thread.reset();
      this.rows.peek()?.reset();
    });
  }

  /** Looks again at what was loaded before anybody would have told of its changes. */
  private catchUp(): void {
    this.rows.peek()?.refresh();
    const { life } = this;
    for (const id of this.threads.keys()) {
      this.rest
        .conversation(id)
        .then((answer) => {
          if (!isFailure(answer) && life === this.life) this.changedMeanwhile(answer);
        })
        .catch(() => undefined);
    }
  }

  private received(frame: ServerFrame): void {
    batch(() => {
      switch (frame.kind) {
        case "message":
          return this.arrivedLive(frame.message);
        case "delivered":
        case "read": {
          const event = frame.kind === "read" ? frame.read : frame.delivered;
          this.conversations.watermark(frame.kind, event);
          return this.positions.note(event.pos ?? 0);
        }
        case "recall":
          this.conversations.recall(frame.recall.recall);
          this.threads.get(frame.recall.recall.conversation)?.recalled(frame.recall.recall);
          return this.positions.note(frame.recall.pos);
        case "conversation":
          this.conversations.apply(frame.conversation.conversation);
          return this.positions.note(frame.conversation.pos);
        case "typing":
          return this.typists.told(frame.typing);
        case "colleague":
          for (const listener of this.colleagues) listener(frame.colleague);
          return;
        case "presence":
          return this.presences.told(frame.presence.uids);
        case "heartbeat":
          if (frame.heartbeat.position !== undefined) this.positions.heartbeat(frame.heartbeat.position);
          return;
        case "push":
          for (const listener of this.pushes) listener(frame.push.payload);
          return;
        default:
          return;
      }
    });
  }

  private arrivedLive({ message, pos }: MessageEvent): void {
    const before = this.conversations.peek(message.conversation);
    const uid = before === undefined ? undefined : this.conversations.self(before).uid;
    const mine = message.sender === (uid ?? this.self?.uid);
    // The account of a new conversation counts its first message before that has come.
    const heard = Math.max(this.heard.get(message.conversation) ?? 0, before?.last?.seq ?? 0);
    this.heard.set(message.conversation, Math.max(heard, message.seq));
    this.noteArrived(message, before, mine);
    this.applyMessage(message);
    this.positions.note(pos);
    if (mine) return this.outbox.echoed(message.nonce);
    this.typists.stopped(message.conversation);
    if (message.seq <= heard) return;
    const conversation = this.conversations.peek(message.conversation);
    for (const listener of this.arrivals) listener({ message, conversation });
  }

  private applyMessage(message: Message): void {
    this.conversations.message(message);
    this.threadOf(message.conversation)?.message(message);
  }

  /** Acks what arrives in conversations whose thread is not loaded, where nothing is missing before it. */
  private noteArrived(message: Message, before: Conversation | undefined, mine: boolean): void {
    if (this.threads.get(message.conversation)?.loaded === true) return;
    const id = message.conversation;
    let have = this.arrived.get(id) ?? 0;
    if (before !== undefined) {
      have = Math.max(
        have,
        this.conversations.mine(before).delivered,
        before.unread === 0 ? before.last_seq : 0,
      );
    }
    if (message.seq > have + 1) return;
    this.arrived.set(id, Math.max(have, message.seq));
    if (!mine) this.delivered.put(id, message.seq);
  }

  private conversationChanged(now: Conversation, before: Conversation | undefined): void {
    this.totals.changed(now, before);
    this.rows.peek()?.changed(now);
    const peer = this.conversations.peer(now).uid;
    if (before === undefined) this.outbox.adopt(peer, now.id);
    this.threadOf(now.id, peer)?.conversationChanged(now);
    const { delivered } = this.conversations.mine(now);
    // Accounts of conversations bring their last message: where it is the only news, everything has arrived.
    if (now.last?.sender === peer && now.last.seq === delivered + 1) this.delivered.put(now.id, now.last.seq);
    else this.rows.peek()?.ahead.consider(now, delivered, peer);
  }

  /** A conversation changed while this client was not told. */
  private changedMeanwhile(conversation: Conversation): void {
    this.conversations.apply(conversation);
    this.threads.get(conversation.id)?.resync(conversation);
    this.totals.unsure();
  }
}
