/**
 * The chat for apps and mini-programs made with uni-app, where there is no page of a browser: a thin client over
 * `uni.connectSocket` and `uni.request`. sdk/uniapp/README.md says how to use it.
 */
import type { Failure } from "../client/api.ts";
import { offline } from "../client/failure.ts";
import type { Clock } from "../client/ports.ts";
import { Positions } from "../client/position.ts";
import type {
  Ack,
  Begin,
  Changes,
  Conversation,
  ConversationPage,
  Message,
  Recall,
} from "../protocol/body.ts";
import type { FileURL, FileURLs } from "../protocol/file.ts";
import type { TypingEvent, WatermarkEvent } from "../protocol/frame.ts";
import { type Frame, Line, type LineState } from "./line.ts";
import { Outbox, type Waiting } from "./outbox.ts";
import { Server, type TokenSource } from "./server.ts";
import { Thread, type ThreadPorts } from "./thread.ts";
import { type Method, type Uni, uniApp } from "./uni.ts";

/** So many messages are told once, however often the server repeats them. */
const heardKept = 500;

export type Options = {
  /** Where Haggle is, as https://chat.example.com. */
  url: string;
  /** The uid of who is signed in. What waits to be sent is kept for them alone. */
  user: string;
  token: TokenSource;
};

/** What `on` tells of, with what it says. */
export type Events = {
  state: LineState;
  /** A new message, told once; not one that was missed while away. */
  message: Message;
  /** A conversation that is new, of which more than a message, a mark or a recall has changed, or that was missed. */
  conversation: Conversation;
  delivered: WatermarkEvent;
  read: WatermarkEvent;
  recall: Recall;
  typing: TypingEvent;
  presence: Readonly<Record<string, "online" | "offline" | "unknown">>;
  /** What the shop's backend has pushed. */
  push: unknown;
  /** What is kept is void, as the store was restored: load lists anew. Threads do that by themselves. */
  reload: undefined;
};

/** What the client takes of its world; an app gives none of it. */
export type World = { uni: Uni; clock: Clock; random(): number };

declare function setTimeout(fn: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;

function theWorld(): World {
  const after = (ms: number, fn: () => void): (() => void) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  };
  return { uni: uniApp(), random: Math.random, clock: { now: Date.now, after } };
}

/** Makes the client of one user. It does nothing until `start`. */
export function createHaggle(options: Options, world: World = theWorld()): Haggle {
  return new Haggle(options, world);
}

export class Haggle {
  private readonly user: string;
  private readonly uni: Uni;
  private readonly server: Server;
  private readonly clock: Clock;
  private readonly line: Line;
  private readonly outbox: Outbox;
  private readonly positions: Positions;
  private readonly ports: ThreadPorts;
  private threads: Thread[] = [];
  private running = false;
  /** Conversations by their merchants. */
  private readonly known = new Map<string, string>();
  /** Messages that were told of lately. */
  private readonly heard = new Set<string>();
  private watched: readonly string[] = [];
  private listeners: [name: string, fn: (said: never) => void][] = [];
  private readonly woken = (): void => this.line.wake();
  private readonly network = ({ isConnected }: { isConnected: boolean }): void => {
    if (isConnected) this.line.wake();
    else this.line.networkLost();
  };

  constructor({ url, user, token }: Options, { uni, clock, random }: World) {
    this.user = user;
    this.uni = uni;
    this.clock = clock;
    this.server = new Server(uni, clock, url, user, token);
    this.line = new Line(this.server, user, clock, random, {
      position: () => this.positions.get(),
      state: (state) => {
        if (state !== "online") this.disconnected();
        this.emit("state", state);
      },
      welcome: (welcome) => {
        this.positions.welcome(welcome);
        for (const thread of this.threads) thread.online();
        this.outbox.online();
        if (this.watched.length > 0) this.line.tell({ watch: { uids: this.watched } });
      },
      frame: (frame) => this.told(frame),
    });
    this.outbox = new Outbox(user, this.server, this.line, clock, random, {
      changed: () => this.each((thread) => this.call(() => thread.changed())),
      stored: (message, ack, repeat) => this.stored(message, ack, repeat),
    });
    this.positions = new Positions({
      clock,
      random,
      changes: ({ epoch, pos }) =>
        this.line.state === "online"
          ? this.request<Changes>("GET", `/v1/changes?epoch=${epoch}&pos=${pos}`).catch(
              (failure: Failure) => failure,
            )
          : Promise.resolve(offline),
      changed: (conversation) => this.update(conversation, true),
      reset: () => {
        this.known.clear();
        this.heard.clear();
        this.each((thread) => thread.reset());
        this.emit("reload", undefined);
      },
      began: () => this.each((thread) => thread.catchUp()),
      reconnect: () => this.line.restart(),
    });
    this.ports = {
      server: this.server,
      line: this.line,
      outbox: this.outbox,
      clock,
      random,
      user,
      tell: (fn) => this.call(fn),
      closed: (thread) => {
        this.threads = this.threads.filter((other) => other !== thread);
      },
    };
  }

  get state(): LineState {
    return this.line.state;
  }

  /** Connects, stays connected, and sends what waits. */
  start(): void {
    if (!this.running) {
      this.running = true;
      this.outbox.open();
      this.uni.onAppShow(this.woken);
      this.uni.onNetworkStatusChange(this.network);
    }
    this.line.start(); // also from "signed_out"
  }

  /** Disconnects: for when somebody else signs in. What waits stays on the device for this user. */
  stop(): void {
    this.running = false;
    this.outbox.close();
    this.each((thread) => thread.halt());
    this.uni.offAppShow(this.woken);
    this.uni.offNetworkStatusChange(this.network);
    this.line.stop();
  }

  /** Calls `fn` with whatever is said of `name`, until the function that it returns is called. */
  on<K extends keyof Events>(name: K, fn: (said: Events[K]) => void): () => void {
    const listener: [string, (said: never) => void] = [name, fn];
    this.listeners.push(listener);
    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  /** The thread with a product's seller, and what else a page about it begins with. */
  async about(product: string): Promise<Begin & { thread: Thread }> {
    const begin = await this.request<Begin>("POST", "/v1/begin", { product });
    // The first message may have been stored since the server looked.
    const begun = begin.conversation === undefined ? this.known.get(begin.merchant.uid) : undefined;
    if (begun !== undefined) begin.conversation = await this.request("GET", `/v1/conversations/${begun}`);
    return { ...begin, thread: this.add(new Thread(this.ports, begin)) };
  }

  /** The thread of a conversation. */
  async thread(conversation: string): Promise<Thread> {
    const found = await this.request<Conversation>("GET", `/v1/conversations/${conversation}`);
    return this.add(new Thread(this.ports, { conversation: found, merchant: found.merchant }));
  }

  /** A page of the user's conversations, latest first; its `cursor` leads to the next one. */
  conversations(cursor?: string): Promise<ConversationPage> {
    const from = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    return this.request("GET", `/v1/conversations${from}`);
  }

  /** Where pictures can be fetched, by the file ids of image blocks. Ask again when `expires_at` has passed. */
  async files(ids: readonly string[]): Promise<FileURLs["files"]> {
    const { files } = await this.request<FileURLs>("POST", "/v1/files/urls", { ids });
    const whole = (url: string): string => (url.startsWith("/") ? this.server.url + url : url);
    const found: Record<string, FileURL> = {};
    for (const id of Object.keys(files)) {
      const file = files[id];
      if (file !== undefined) found[id] = { ...file, url: whole(file.url), thumb: whole(file.thumb) };
    }
    return found;
  }

  /** Has "presence" tell of these from now on, and of no other. */
  watch(uids: readonly string[]): void {
    this.watched = uids;
    this.line.tell({ watch: { uids } });
  }

  /** Sends a message that failed after all. */
  again(nonce: string): void {
    this.outbox.again(nonce);
  }

  /** Gives up a message that waits. */
  drop(nonce: string): void {
    this.outbox.drop(nonce);
  }

  /** Any other request of /docs. Rejects with `{ code, message }`, as all promises here do. */
  request<T>(method: Method, path: string, json?: unknown): Promise<T> {
    return this.server.request(method, path, json);
  }

  /** Nothing is asked for until there is a line again; the welcome tells what was missed. */
  private disconnected(): void {
    const position = this.positions.get();
    if (position !== undefined) this.positions.begin(position);
    this.each((thread) => thread.offline());
  }

  private add(thread: Thread): Thread {
    this.threads.push(thread);
    return thread;
  }

  private each(act: (thread: Thread) => void): void {
    for (const thread of this.threads) act(thread);
  }

  /** Calls code of the page's. What that throws is the page's own to know, and stops nothing here. */
  private call(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.clock.after(0, () => {
        throw error;
      });
    }
  }

  private emit<K extends keyof Events>(name: K, said: Events[K]): void {
    for (const [heard, fn] of this.listeners) {
      // Whoever was told before may have stopped the client, or started it again.
      if (name === "state" ? said !== this.state : !this.running) return;
      if (heard === name) this.call(() => (fn as (said: Events[K]) => void)(said));
    }
  }

  private update(conversation: Conversation, missed: boolean): void {
    this.known.set(conversation.merchant.uid, conversation.id);
    this.each((thread) => {
      if (thread.isOf(conversation.id, conversation.merchant.uid)) thread.update(conversation, missed);
    });
    this.emit("conversation", conversation);
  }

  private stored({ nonce, merchant, blocks }: Waiting, ack: Ack, repeat: boolean): void {
    const { conversation = "", seq = 0, rev = 0, sent_at = 0, pos } = ack;
    // Without blocks in the answer all of them are text.
    const message = {
      conversation,
      seq,
      rev,
      sent_at,
      nonce,
      sender: this.user,
      blocks: ack.blocks ?? (blocks as Message["blocks"]),
    };
    this.known.set(merchant, conversation);
    this.each((thread) => {
      if (thread.isOf(conversation, merchant)) thread.message(message);
    });
    this.news(message);
    // The answer to a repeat tells a position that others' events, still under way, may have reached.
    if (pos !== undefined && !repeat) this.positions.note(pos);
  }

  private news(message: Message): void {
    const name = `${message.conversation} ${message.seq}`;
    if (this.heard.has(name)) return;
    this.heard.add(name);
    for (const old of this.heard) {
      if (this.heard.size <= heardKept) break;
      this.heard.delete(old);
    }
    this.emit("message", message);
  }

  private told({
    message,
    delivered,
    read,
    recall,
    conversation,
    typing,
    presence,
    push,
    heartbeat,
  }: Frame): void {
    const mark = delivered ?? read;
    if (message !== undefined) {
      this.each((thread) => {
        if (thread.isOf(message.message.conversation)) thread.message(message.message);
      });
      this.news(message.message);
    } else if (mark !== undefined) {
      this.each((thread) => {
        if (thread.isOf(mark.conversation)) thread.watermark(read === undefined ? "delivered" : "read", mark);
      });
      this.emit(read === undefined ? "delivered" : "read", mark);
    } else if (recall !== undefined) {
      this.each((thread) => {
        if (thread.isOf(recall.recall.conversation)) thread.recalled(recall.recall);
      });
      this.emit("recall", recall.recall);
    } else if (conversation !== undefined) this.update(conversation.conversation, false);
    else if (typing !== undefined) this.emit("typing", typing);
    else if (presence !== undefined) this.emit("presence", presence.uids);
    else if (push !== undefined) this.emit("push", push.payload);
    else if (heartbeat?.position !== undefined) this.positions.heartbeat(heartbeat.position);
    this.positions.note((message ?? mark ?? recall ?? conversation)?.pos ?? 0);
  }
}
