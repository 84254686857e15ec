/**
 * For tests only: a server in memory that keeps the promises of the protocol, and a device to meet it with.
 * What a network does to frames and requests is decided by the test.
 */

import type { Conversation, Message, Recall, Side, SideProgress } from "../protocol/body.ts";
import type { ClientFrame } from "../protocol/frame.ts";
import type { Client } from "./api.ts";
import { createClient } from "./client.ts";
import { fallback } from "./fallback.ts";
import { LiveInbox } from "./inbox.ts";
import { Pictures } from "./pictures.ts";
import type {
  Http,
  HttpRequest,
  HttpResponse,
  OutboxItem,
  OutboxStore,
  Ports,
  Socket,
  SocketEvents,
  Upload,
  UploadUnderWay,
} from "./ports.ts";
import { Sender } from "./sender.ts";
import { type FakeClock, ticks } from "./testing.ts";

type Stored = {
  id: string;
  buyer: string;
  merchant: string;
  rev: number;
  product: string;
  messages: Message[];
  recalls: Recall[];
  at: Record<Side, SideProgress>;
  pos: Record<Side, number>;
  flags: Record<Side, Flags>;
};

type Flags = { pinned?: boolean; muted?: boolean; marked?: boolean };

type Session = { uid: string; frames: (frame: object) => void; close: () => void; alive: boolean };

const other = (side: Side): Side => (side === "buyer" ? "merchant" : "buyer");
const sideOf = (uid: string): Side => (uid.startsWith("U_") ? "buyer" : "merchant");

class Refusal extends Error {
  readonly status: number;
  readonly error: { code: string; message: string; retry_after_ms?: number };

  constructor(status: number, code: string, retryAfterMs?: number) {
    super(code);
    this.status = status;
    const after = retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs };
    this.error = { code, message: code, ...after };
  }
}

export class FakeServer {
  epoch = "e1";
  heartbeatMs = 20_000;
  readonly conversations = new Map<string, Stored>();
  readonly positions = new Map<string, number>();
  readonly requests: string[] = [];
  readonly uploads: string[] = [];
  readonly sessions = new Set<Session>();
  /** Decides whether an event reaches a session, and how often. */
  deliveries: (uid: string, frame: object) => number = () => 1;
  /** Decides what is refused. */
  refuse: (what: string) => Refusal | undefined = () => undefined;
  /** Decides whether the answer to a frame is lost with its connection. */
  loseAnswer: (frame: ClientFrame) => boolean = () => false;
  tokens = 0;
  tokenLife = 600_000;
  urlLife = 86_400_000;
  pageSize = 5;
  beating = true;
  readonly clock: FakeClock;

  constructor(clock: FakeClock) {
    this.clock = clock;
  }

  /** A reason for `refuse`. */
  static refusal(status: number, code: string, retryAfterMs?: number): Refusal {
    return new Refusal(status, code, retryAfterMs);
  }

  connect(events: SocketEvents): Socket {
    const session: Session = {
      uid: "",
      alive: true,
      frames: (frame) => events.text(JSON.stringify(frame)),
      close: () => {
        session.alive = false;
        this.sessions.delete(session);
        events.closed();
      },
    };
    Promise.resolve()
      .then(() => session.alive && events.opened())
      .catch(() => undefined);
    return {
      send: (text) => {
        if (session.alive) this.frame(session, JSON.parse(text) as ClientFrame);
      },
      close: () => {
        session.alive = false;
        this.sessions.delete(session);
      },
    };
  }

  /** A connection that opens, and over which nothing comes or goes. */
  swallow(events: SocketEvents): Socket {
    Promise.resolve()
      .then(() => events.opened())
      .catch(() => undefined);
    return { send: () => undefined, close: () => undefined };
  }

  /** Closes every socket of `uid`, or all. */
  cut(uid?: string): void {
    for (const session of [...this.sessions]) if (uid === undefined || session.uid === uid) session.close();
  }

  say(uid: string, frame: object): void {
    for (const session of this.sessions) if (session.uid === uid) session.frames(frame);
  }

  beat(): void {
    for (const session of this.sessions) {
      session.frames({ heartbeat: { position: this.position(session.uid) } });
    }
  }

  /** What `uid` would see of a conversation. */
  view(stored: Stored, side: Side): Conversation {
    const last = stored.messages.at(-1);
    const peer = side === "buyer" ? stored.merchant : stored.buyer;
    const unread = stored.messages.filter((m) => m.sender === peer && m.seq > stored.at[side].read).length;
    return {
      id: stored.id,
      rev: stored.rev,
      pos: stored.pos[side],
      buyer: { uid: stored.buyer, name: `name of ${stored.buyer}` },
      merchant: { uid: stored.merchant, name: `name of ${stored.merchant}` },
      product: this.product(stored.product),
      last_seq: stored.messages.length,
      ...(last !== undefined && { last }),
      unread,
      ...(last?.sender === peer && { waiting: true }),
      ...stored.flags[side],
      buyer_at: stored.at.buyer,
      merchant_at: stored.at.merchant,
      created_at: 1,
      last_at: last?.sent_at ?? 1,
    };
  }

  product(id: string) {
    const merchant = `V_${id.slice(0, 1)}`;
    return { id, merchant, title: `product ${id}`, amount: 100, currency: "CNY", kind: "virtual" as const };
  }

  between(buyer: string, merchant: string): Stored | undefined {
    return [...this.conversations.values()].find((c) => c.buyer === buyer && c.merchant === merchant);
  }

  /** Stores a message as if `sender` had sent it from elsewhere. */
  store(
    sender: string,
    send: NonNullable<Extract<ClientFrame, { send: unknown }>["send"]>,
    origin?: Session,
  ) {
    const refusal = this.refuse(`send ${send.nonce}`);
    if (refusal !== undefined) throw refusal;
    const merchant = this.product(send.product ?? "1").merchant;
    let stored = this.conversations.get(send.conversation ?? "") ?? this.between(sender, merchant);
    const begun = stored === undefined;
    stored ??= this.begin(sender, merchant, send.product ?? "1");
    const repeat = stored.messages.find((m) => m.sender === sender && m.nonce === send.nonce);
    if (repeat !== undefined) return { message: repeat, stored, begun: false };
    if (send.product !== undefined) stored.product = send.product;
    this.raise(stored, ["buyer", "merchant"]);
    const message: Message = {
      conversation: stored.id,
      seq: stored.messages.length + 1,
      rev: stored.rev,
      sender,
      nonce: send.nonce,
      blocks: send.blocks.map((block) => {
        if (block.type === "image")
          return { type: "image", image: { file: block.file, width: 2, height: 1 } };
        if (block.type === "product") return { type: "product", product: this.product(block.product) };
        return block;
      }),
      sent_at: this.clock.now(),
    };
    stored.messages.push(message);
    stored.flags[sideOf(sender)] = { ...stored.flags[sideOf(sender)], marked: false };
    if (begun || send.product !== undefined)
      this.tell(stored, (side, pos) => this.account(stored, side, pos));
    this.tell(stored, (_, pos) => ({ message: { pos, message } }), origin);
    return { message, stored, begun };
  }

  recall(by: string, conversation: string, seq: number, origin?: Session): Recall {
    const stored = this.find(conversation);
    const message = stored.messages[seq - 1];
    if (message === undefined || message.sender !== by) throw new Refusal(403, "not_your_message");
    this.raise(stored, ["buyer", "merchant"]);
    const recall = { conversation, seq, rev: stored.rev, by, at: this.clock.now() };
    stored.messages[seq - 1] = { ...message, blocks: [], rev: recall.rev, recalled_at: recall.at };
    stored.recalls.push(recall);
    this.tell(stored, (_, pos) => ({ recall: { pos, recall } }), origin);
    return recall;
  }

  mark(uid: string, kind: "delivered" | "read", conversation: string, seq: number): void {
    const stored = this.find(conversation);
    const side = sideOf(uid);
    const at = stored.at[side];
    if (seq <= at[kind] || seq > stored.messages.length) return;
    if (kind === "read") stored.flags[side] = { ...stored.flags[side], marked: false };
    stored.at[side] = { delivered: Math.max(at.delivered, seq), read: kind === "read" ? seq : at.read };
    const told: Side[] = kind === "read" ? ["buyer", "merchant"] : [other(side)];
    this.raise(stored, told);
    const { unread } = this.view(stored, side);
    const event = { conversation, rev: stored.rev, side, seq, unread };
    this.tell(stored, (to, pos) => (told.includes(to) ? { [kind]: { pos, ...event } } : undefined));
  }

  /** Sets a flag of a side's, or takes it away, and tells that side. */
  setFlag(conversation: string, side: Side, flag: keyof Flags, on: boolean): void {
    const stored = this.find(conversation);
    const { [flag]: _, ...others } = stored.flags[side];
    stored.flags[side] = on ? { ...others, [flag]: true } : others;
    this.raise(stored, [side]);
    this.tell(stored, (to, pos) => (to === side ? this.account(stored, to, pos) : undefined));
  }

  readonly http: Http = {
    request: async (request) => this.answer(() => this.route(request), request),
  };

  upload(upload: Upload): UploadUnderWay {
    let cancelled = false;
    const response = ticks(5).then(() => {
      if (cancelled) throw new Error("cancelled");
      return this.answer(() => this.file(upload), { method: "PUT", path: upload.path });
    });
    return {
      response,
      cancel: () => {
        cancelled = true;
      },
    };
  }

  private async answer(work: () => unknown, request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(`${request.method} ${request.path}`);
    await Promise.resolve();
    try {
      const refusal = this.refuse(`${request.method} ${request.path}`);
      if (refusal !== undefined) throw refusal;
      const body = work();
      return { status: 200, body: JSON.parse(JSON.stringify(body ?? {})) };
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, body: { error: error.error } };
      throw error;
    }
  }

  private file({ path, progress }: Upload): unknown {
    this.uploads.push(path);
    progress(0.5);
    return { id: `file-${path.split("/").at(-1)}`, type: "image/png", bytes: 1, width: 2, height: 1 };
  }

  private route({ method, path, token, json }: HttpRequest): unknown {
    const url = new URL(path, "http://server");
    const uid = token?.split(" ")[0] ?? "";
    const parts = url.pathname.split("/").slice(2);
    const body = (json ?? {}) as Record<string, string & string[]>;
    const number = (name: string): number => Number(url.searchParams.get(name) ?? 0);
    switch (`${method} ${parts.join(" ")}`) {
      case "GET me":
        return this.me(uid);
      case "POST begin":
        return this.beginning(uid, String(body["product"]));
      case "GET conversations":
        return this.inbox(uid, url.searchParams);
      case "GET changes":
        return this.changes(uid, url.searchParams.get("epoch") ?? "", number("pos"));
      case "POST files urls":
        return this.urls(body["ids"] ?? []);
      case "POST logout":
      case "POST guest":
        return {};
      default:
        break;
    }
    if (parts[0] === "wechat") {
      return { id: `from-wechat-${body["media_id"]}`, type: "image/png", bytes: 1, width: 2, height: 1 };
    }
    const stored = this.find(parts[1] ?? "");
    if (parts[2] === "messages") return this.messages(stored, url.searchParams);
    if (parts[2] === "recalls") return { recalls: stored.recalls.filter((r) => r.rev > number("after")) };
    return this.view(stored, sideOf(uid));
  }

  private messages(stored: Stored, query: URLSearchParams): unknown {
    const after = query.get("after");
    const before = query.get("before");
    const size = this.pageSize;
    if (after !== null) {
      return { messages: stored.messages.filter((m) => m.seq > Number(after)).slice(0, size) };
    }
    const end = before === null ? Number.POSITIVE_INFINITY : Number(before);
    return { messages: stored.messages.filter((m) => m.seq < end).slice(-size) };
  }

  private changes(uid: string, epoch: string, pos: number): unknown {
    const now = this.position(uid);
    if (epoch !== now.epoch || pos > now.pos) throw new Refusal(409, "reset");
    const all = this.of(uid)
      .filter((c) => c.pos[sideOf(uid)] > pos)
      .sort((a, b) => a.pos[sideOf(uid)] - b.pos[sideOf(uid)]);
    const page = all.slice(0, 2).map((c) => this.view(c, sideOf(uid)));
    const more = all.length > page.length;
    return { conversations: page, position: more ? { epoch, pos: page.at(-1)?.pos ?? pos } : now, more };
  }

  private inbox(uid: string, query: URLSearchParams): unknown {
    const from = Number(query.get("cursor") ?? 0);
    const search = query.get("search") ?? "";
    const rows = this.of(uid)
      .map((c) => this.view(c, sideOf(uid)))
      .filter((c) => (c.buyer.name ?? "").includes(search))
      .filter((c) => query.get("filter") !== "unread" || c.unread > 0 || c.marked === true)
      .filter((c) => query.get("filter") !== "pinned" || c.pinned === true)
      .filter((c) => query.get("filter") !== "waiting" || c.waiting === true)
      .sort((a, b) => b.last_at - a.last_at);
    if (query.get("order") === "unread") rows.sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0));
    const more = rows.length > from + 3;
    return { conversations: rows.slice(from, from + 3), ...(more && { cursor: `${from + 3}` }) };
  }

  private me(uid: string): unknown {
    const views = this.of(uid).map((c) => this.view(c, sideOf(uid)));
    const loud = views.filter((v) => v.muted !== true);
    const limits = { text: 1, blocks: 1, images: 1, upload_bytes: 1, upload_pixels: 1, recall_ms: 1 };
    return {
      participant: { uid },
      side: sideOf(uid),
      position: this.position(uid),
      unread_conversations: loud.filter((v) => v.unread > 0 || v.marked === true).length,
      unread: loud.reduce((sum, v) => sum + v.unread, 0),
      limits,
    };
  }

  private beginning(uid: string, id: string): unknown {
    const product = this.product(id);
    const stored = this.between(uid, product.merchant);
    const conversation = stored === undefined ? {} : { conversation: this.view(stored, "buyer") };
    return { product, merchant: { uid: product.merchant }, presence: "online", ...conversation };
  }

  private urls(ids: readonly string[]): unknown {
    const expires_at = this.clock.now() + this.urlLife;
    const entries = ids.map((id) => [id, { url: `/f/${id}`, thumb: `/t/${id}`, expires_at }]);
    return { files: Object.fromEntries(entries) };
  }

  private of(uid: string): Stored[] {
    return [...this.conversations.values()].filter((c) => c.buyer === uid || c.merchant === uid);
  }

  private find(id: string): Stored {
    const stored = this.conversations.get(id);
    if (stored === undefined) throw new Refusal(404, "not_found");
    return stored;
  }

  private begin(buyer: string, merchant: string, product: string): Stored {
    const stored: Stored = {
      id: `c${this.conversations.size + 1}`,
      buyer,
      merchant,
      rev: 0,
      product,
      messages: [],
      recalls: [],
      at: { buyer: { delivered: 0, read: 0 }, merchant: { delivered: 0, read: 0 } },
      pos: { buyer: 0, merchant: 0 },
      flags: { buyer: {}, merchant: {} },
    };
    this.conversations.set(stored.id, stored);
    return stored;
  }

  private raise(stored: Stored, sides: readonly Side[]): void {
    stored.rev++;
    for (const side of sides) {
      const uid = stored[side];
      const pos = (this.positions.get(uid) ?? 0) + 1;
      this.positions.set(uid, pos);
      stored.pos[side] = pos;
    }
  }

  private position(uid: string) {
    return { epoch: this.epoch, pos: this.positions.get(uid) ?? 0 };
  }

  private account(stored: Stored, side: Side, pos: number): object {
    const { last: _, ...conversation } = this.view(stored, side);
    return { conversation: { pos, conversation } };
  }

  private tell(
    stored: Stored,
    make: (side: Side, pos: number) => object | undefined,
    origin?: Session,
  ): void {
    for (const side of ["buyer", "merchant"] as const) {
      const frame = make(side, stored.pos[side]);
      if (frame === undefined) continue;
      for (const session of [...this.sessions]) {
        if (session.uid !== stored[side] || session === origin) continue;
        for (let i = this.deliveries(session.uid, frame); i > 0; i--) session.frames(frame);
      }
    }
  }

  private frame(session: Session, frame: ClientFrame): void {
    try {
      const answer = this.carryOut(session, frame);
      if (this.loseAnswer(frame)) return session.close();
      if (answer !== undefined) session.frames({ id: frame.id, ...answer });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      session.frames({ id: frame.id, error: error.error });
    }
  }

  private carryOut(session: Session, frame: ClientFrame): object | undefined {
    if ("hello" in frame) return this.welcome(session, frame.hello);
    if ("send" in frame) {
      const { message, stored, begun } = this.store(session.uid, frame.send, session);
      const { conversation, seq, rev, sent_at, blocks } = message;
      return {
        ack: { conversation, seq, rev, sent_at, begun, blocks, pos: stored.pos[sideOf(session.uid)] },
      };
    }
    if ("recall" in frame) {
      const { rev } = this.recall(session.uid, frame.recall.conversation, frame.recall.seq, session);
      return { ack: { rev, pos: this.position(session.uid).pos } };
    }
    if ("read" in frame) this.mark(session.uid, "read", frame.read.conversation, frame.read.seq);
    if ("delivered" in frame) {
      this.mark(session.uid, "delivered", frame.delivered.conversation, frame.delivered.seq);
    }
    if ("typing" in frame) this.typing(session.uid, frame.typing.conversation);
    if ("heartbeat" in frame) return this.beating ? this.asked(session, frame.id) : undefined;
    return frame.id === undefined ? undefined : { ack: {} };
  }

  /** A heartbeat without an id is a client's answer, and not answered itself. */
  private asked(session: Session, id: number | undefined): object | undefined {
    return id === undefined ? undefined : { heartbeat: { position: this.position(session.uid) } };
  }

  /** Has a session's heart beat for as long as it lives. */
  private beatLater(session: Session): void {
    this.clock.after(this.heartbeatMs, () => {
      if (!session.alive) return;
      if (this.beating) session.frames({ heartbeat: { position: this.position(session.uid) } });
      this.beatLater(session);
    });
  }

  private typing(uid: string, conversation: string): void {
    const stored = this.find(conversation);
    this.say(stored[other(sideOf(uid))], { typing: { conversation, uid } });
  }

  private welcome(
    session: Session,
    hello: { token: string; position?: { epoch: string; pos: number } },
  ): object {
    const refusal = this.refuse("hello");
    if (refusal !== undefined) throw refusal;
    session.uid = hello.token.split(" ")[0] ?? "";
    this.sessions.add(session);
    this.beatLater(session);
    const position = this.position(session.uid);
    const since = hello.position;
    const reset = since !== undefined && (since.epoch !== position.epoch || since.pos > position.pos);
    const changes =
      since === undefined || reset ? {} : { changes: this.changes(session.uid, since.epoch, since.pos) };
    const welcome = {
      client_id: "x",
      uid: session.uid,
      position,
      heartbeat_ms: this.heartbeatMs,
      server_time: this.clock.now(),
      ...changes,
      ...(reset && { reset }),
    };
    return { welcome };
  }
}

/** What of a device outlives its tabs. */
export class FakeDevice {
  readonly kept = new Map<string, Map<string, OutboxItem>>();
  private readonly tabs = new Map<string, Set<(message: unknown) => void>>();
  private readonly leads = new Map<string, (() => void)[]>();
  online = true;
  signedIn = true;
  private nonces = 0;
  private readonly server: FakeServer;
  /** Whose cookie the browser holds. */
  uid: string;
  /** The tab that leads is frozen: it holds on to the lead and does nothing. */
  frozenLead = false;
  /** The device keeps nothing. */
  keepsNothing = false;
  /** What pages before could only leave behind. */
  left: OutboxItem[] = [];
  /** When the device comes to say what it has kept. */
  reads: Promise<void> = Promise.resolve();
  /** When the device comes to write what it is given to keep. */
  writes: Promise<void> = Promise.resolve();
  /** The code that sends can be loaded. */
  sends = true;
  /** What becomes of this device's WebSockets: a proxy may refuse them, or let nothing through. */
  sockets: "open" | "refused" | "swallowed" = "open";
  /** What its tabs remember of that. */
  blocked = false;
  /** Whether the fallback gets through. */
  fallback = true;
  /** The ways that were tried. */
  readonly opened: ("socket" | "fallback")[] = [];
  /** What was asked for with the cookie. */
  readonly cookieRequests: string[] = [];

  constructor(server: FakeServer, uid: string) {
    this.server = server;
    this.uid = uid;
  }

  /** Opens a tab. */
  tab(random: () => number = () => 0.5): Client {
    const { server } = this;
    const ports: Ports = {
      clock: server.clock,
      random,
      nonce: () => `${this.uid}-${++this.nonces}`,
      openSocket: (events) => this.open(events),
      openFallback: fallback({
        clock: server.clock,
        random,
        openSocket: (events) => this.open(events),
        openStream: (events) => this.openStream(events),
        remember: (blocked) => {
          this.blocked = blocked;
        },
      }),
      blocked: this.blocked,
      http: { request: (request) => this.request(request) },
      Inbox: LiveInbox,
      loadInbox: async () => LiveInbox,
      pictures: async () => Pictures,
      sending: async () => ({
        Sender: this.sends ? Sender : await Promise.reject(new Error("not loaded")),
        store: this.store(),
        lead: (name, leading) => this.lead(name, leading),
        openChannel: (name, received) => this.channel(name, received),
        upload: (upload) => server.upload(upload),
      }),
    };
    const client = createClient(ports, sideOf(this.uid));
    client.loadSender().catch(() => undefined); // as a page does once it shows something
    return client;
  }

  private open(events: SocketEvents): Socket {
    this.opened.push("socket");
    if (this.sockets === "swallowed") return this.server.swallow(events);
    if (this.online && this.sockets === "open") return this.server.connect(events);
    return this.refused(events);
  }

  private openStream(events: SocketEvents): Socket {
    this.opened.push("fallback");
    return this.online && this.fallback ? this.server.connect(events) : this.refused(events);
  }

  private refused(events: SocketEvents): Socket {
    Promise.resolve()
      .then(() => events.closed())
      .catch(() => undefined);
    return { send: () => undefined, close: () => undefined };
  }

  private async request(request: HttpRequest): Promise<HttpResponse> {
    if (!this.online) throw new Error("no network");
    if (request.token === undefined) this.cookieRequests.push(request.path);
    if (request.path !== "/v1/token") return this.server.http.request(request);
    const refusal = this.server.refuse("token");
    if (refusal !== undefined) return { status: refusal.status, body: { error: refusal.error } };
    const code = { code: "signed_out", message: "no cookie" };
    if (!this.signedIn) return { status: 401, body: { error: code } };
    const token = `${this.uid} ${++this.server.tokens}`;
    const expires_at = this.server.clock.now() + this.server.tokenLife;
    return { status: 200, body: { token, expires_at, uid: this.uid } };
  }

  private store(): OutboxStore {
    const scopeOf = (scope: string): Map<string, OutboxItem> => {
      const items = this.kept.get(scope) ?? new Map<string, OutboxItem>();
      this.kept.set(scope, items);
      return items;
    };
    return {
      all: async (scope) => {
        await this.reads;
        return [...scopeOf(scope).values()].sort((a, b) => a.order - b.order);
      },
      left: () => this.left,
      isLeft: (nonce) => this.left.some((item) => item.nonce === nonce),
      forget: () => undefined,
      put: async (scope, item) => {
        await this.writes;
        if (this.keepsNothing) throw new Error("quota exceeded");
        scopeOf(scope).set(item.nonce, item);
      },
      remove: async (scope, nonce) => void scopeOf(scope).delete(nonce),
      clear: async (scope) => scopeOf(scope).clear(),
    };
  }

  private lead(name: string, leading: () => void): () => void {
    if (this.frozenLead) return () => undefined;
    const queue = this.leads.get(name) ?? [];
    this.leads.set(name, queue);
    queue.push(leading);
    if (queue.length === 1) leading();
    return () => {
      const first = queue[0] === leading;
      queue.splice(queue.indexOf(leading), 1);
      if (first) queue[0]?.();
    };
  }

  private channel(name: string, received: (message: unknown) => void) {
    const tabs = this.tabs.get(name) ?? new Set();
    this.tabs.set(name, tabs);
    tabs.add(received);
    return {
      post: (message: unknown) => {
        for (const tab of tabs) if (tab !== received) tab(message);
      },
      close: () => void tabs.delete(received),
    };
  }
}
