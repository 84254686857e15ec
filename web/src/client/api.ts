/**
 * What the apps see of the client core. Everything that changes is a signal; methods that act return at
 * once and show their outcome in the signals, unless they return a promise.
 */
import type { ReadonlySignal } from "@preact/signals-core";
import type { Begin, Conversation, Me, Message, Participant, Product, Side } from "../protocol/body.ts";
import type { ColleagueEvent } from "../protocol/frame.ts";
import type { Parse } from "../protocol/parse.ts";
import type { Outgoing } from "./outgoing.ts";
import type { HttpRequest, OutboxItem } from "./ports.ts";

/** How the server is reached just now; drawn honestly, never hidden. */
export type ConnectionState =
  | { kind: "connecting" } // the first time
  | { kind: "online" }
  // Showing what was known at `since`. `held`: the server said when to come back, and not to come sooner.
  | { kind: "offline"; since: number; retryAt: number | undefined; held: boolean }
  // Token gone for good: the page offers to sign in again. "left" says that the user wished it so.
  | { kind: "signed_out"; code: string };

export type Presence = "online" | "offline" | "unknown";

/** A failure as the UI draws it: `code` picks the words in the user's language. */
export type Failure = { code: string; message: string; retryAfterMs?: number; requestId?: string };

/**
 * A picture that waits to be uploaded. `bytes` survives a reload in the outbox. `media` is what WeChat calls it,
 * if WeChat has it already: then the server takes it from there, and the bytes only if it cannot.
 */
export type Picture = { bytes: Blob; width: number; height: number; media?: string };

/** A piece of a message as the composer hands it over. */
export type Piece =
  | { type: "text"; text: string }
  | { type: "image"; picture: Picture }
  | { type: "product"; product: Product };

/** Where a message of my own stands. `uploading` and `sending` wait for the server, `queued` for their turn. */
export type Tick = "queued" | "uploading" | "sending" | "stored" | "delivered" | "read" | "failed";

/** One line of a thread: a stored message, or one of my own that waits in the outbox. */
export type Entry =
  | {
      kind: "message";
      key: string;
      message: Message;
      mine: boolean;
      tick: Tick | undefined;
      /** What was sent, if that was in this session: own pictures can be drawn from here without fetching. */
      pieces?: readonly Piece[];
    }
  | {
      kind: "outgoing";
      key: string; // the nonce; the stored message has the same key, so nothing jumps
      pieces: readonly Piece[];
      tick: Tick;
      queuedAt: number;
      progress: number; // 0 to 1 over all uploads
      failure: Failure | undefined;
      /** Queued so long ago that sending it now needs the user's word. */
      stale: boolean;
    };

/** The one conversation of a buyer and a merchant, or what will become it with its first message. */
export type Thread = {
  readonly conversation: ReadonlySignal<Conversation | undefined>; // undefined until the first message
  readonly peer: ReadonlySignal<Participant | undefined>;
  readonly entries: ReadonlySignal<readonly Entry[]>; // oldest first, without gaps
  readonly state: ReadonlySignal<"loading" | "ready" | "failed">;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly hasOlder: ReadonlySignal<boolean>;
  readonly loadingOlder: ReadonlySignal<boolean>;
  /** Up to where it was read at the visit, if anything was unread: that may lie before what is loaded. */
  readonly readAtOpening: number | undefined;
  /** First loaded message of the other side that was unread when the thread was opened; stays for the visit. */
  readonly firstUnread: ReadonlySignal<number | undefined>;
  /** Whether the newest messages are elsewhere: after `showAround`, until `loadNewer` has met them. */
  readonly hasNewer: ReadonlySignal<boolean>;
  /** Name of who is writing on the other side ("" when it has none), undefined when nobody is. */
  readonly peerTyping: ReadonlySignal<string | undefined>;

  /** Somebody comes to it: what is unread now is what is new to them. Call it before `entries` is drawn. */
  visit(): void;
  loadOlder(): Promise<void>;
  loadNewer(): Promise<void>;
  /** Goes to what was said around a message, unless it is among the newest that are here. */
  showAround(seq: number): Promise<void>;
  /** Goes back to what is newest. */
  showNewest(): Promise<void>;
  reload(): Promise<void>;
  /** Puts a message in the outbox; it shows in `entries` in the same frame. `about` is the product it is about. */
  send(pieces: readonly Piece[], about?: Product): void;
  retry(key: string): void; // this one and all failed ones after it, in order
  /** Cancels an upload, deletes a failed message. What it returns brings that back to its place. */
  discard(key: string): () => void;
  recall(seq: number): Promise<Failure | undefined>;
  /** The user sees everything up to seq (visible and focused). Debounced inside. */
  markRead(seq: number): void;
  /** Up to where its user has read, here or anywhere. */
  readonly readUpTo: number;
  /** Whether somebody looks at it now. What comes while nobody does is new from its first message on. */
  attend(on: boolean): void;
  typing(): void; // throttled inside
  setBlocked(blocked: boolean): Promise<Failure | undefined>;
  report(reason: string, seq?: number): Promise<Failure | undefined>;
};

export type InboxOrder = "newest" | "unread";

/** Which conversations are listed. Waiting: the other side has the last word, automatic messages aside. */
export type InboxFilter = "all" | "unread" | "waiting";

/** The conversations of the participant, paged from the server, kept current by events. */
export type Inbox = {
  readonly rows: ReadonlySignal<readonly Conversation[]>;
  readonly state: ReadonlySignal<"loading" | "ready" | "failed">;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly hasMore: ReadonlySignal<boolean>;
  readonly order: ReadonlySignal<InboxOrder>;
  readonly search: ReadonlySignal<string>;
  readonly filter: ReadonlySignal<InboxFilter>;
  /** Only conversations that were ever about it. */
  readonly product: ReadonlySignal<Product | undefined>;
  setFilter(filter: InboxFilter): void;
  setProduct(product: Product | undefined): void;
  /** The one that is looked at: it stays listed though the filter does not hold for it any more. */
  keep(id: string | undefined): void;
  setOrder(order: InboxOrder): void;
  setSearch(text: string): void; // debounced inside
  loadMore(): Promise<void>;
  reload(): Promise<void>;
};

/** Where a picture can be fetched. */
export type PictureUrl = { url: string; thumb: string };

/** A message of the other side that has just arrived live: for sound, title and notices. */
export type Arrival = { message: Message; conversation: Conversation | undefined };

/** The thread with the seller of a product, and what the server says of the two. */
export type ThreadAbout = { thread: Thread } & Omit<Begin, "conversation" | "presence">;

/** Messages that wait, and whose they are, as far as that is known: see `OutboxStore`. */
export type Untaken = { scope: string | undefined; items: readonly OutboxItem[] };

export type Client = {
  readonly me: ReadonlySignal<Me | undefined>;
  readonly side: Side;
  readonly connection: ReadonlySignal<ConnectionState>;
  /** How much is unread in all conversations. */
  readonly unread: ReadonlySignal<{ conversations: number; messages: number }>;
  /** Whether `inbox` is there: a page that begins without a list loads it. */
  readonly lists: ReadonlySignal<boolean>;
  readonly inbox: Inbox;
  /** Has the inbox there. Rejects where its code cannot be loaded. */
  loadInbox(): Promise<void>;

  /** Everything that is not stored yet, in the order it was written. */
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>;
  /** Something waits, and the code that would send it could not be loaded. It goes on trying. */
  readonly stuck: ReadonlySignal<boolean>;
  /** What waits and is not on the device yet, or cannot be kept there: for a page that goes to leave to the next one. */
  readonly untaken: Untaken;
  /** Other pages may have sent or deleted what waits here just now: what is neither kept nor left any more is gone. */
  recheck(): void;

  /** Connects and keeps connected until `stop`. */
  start(): void;
  stop(): void;

  /** Loads what sends messages, before there are any to send. Rejects where that fails; it is tried again then. */
  loadSender(): Promise<void>;

  /** The thread of a known conversation; the same object each time. */
  thread(conversation: string): Thread;
  /** The thread with somebody to whom one has written, but nothing has been sent yet. */
  threadWith(peer: Participant): Thread;
  /** The thread with the seller of a product. */
  threadAbout(product: string): Promise<ThreadAbout | Failure>;

  /** Asks the server for what the core itself has no use for. */
  ask<T extends object>(request: Omit<HttpRequest, "token">, parse: Parse<T>): Promise<T | Failure>;

  presence(uid: string): ReadonlySignal<Presence>;
  /** As `Thread.peerTyping`, for lists: it loads no thread. */
  typing(conversation: string): ReadonlySignal<string | undefined>;
  /** Whose presence is on the screen now, at most 200. */
  watch(uids: readonly string[]): void;

  /** Resolves once known; requests are batched and URLs kept until shortly before they expire. */
  pictureUrl(file: string): ReadonlySignal<PictureUrl | undefined>;

  onArrival(listener: (arrival: Arrival) => void): () => void;
  /** Tells an agent's colleagues that they have a conversation before them. */
  viewing(conversation: string): void;
  /** A colleague has a conversation before them, or writes in it: for the next seconds. Also oneself, elsewhere. */
  onColleague(listener: (event: ColleagueEvent) => void): () => void;
  /** What the shop's backend pushed; its meaning is the shop's own. */
  onPush(listener: (payload: unknown) => void): () => void;

  /** Device-wide wish to come back now: the page became visible, the network is back. */
  wake(): void;
  /** The device says that it has no network: nobody waits for an answer that cannot come. */
  networkLost(): void;
  /** Signs this browser out and forgets what it kept; what went wrong, if it did not come to that. */
  signOut(): Promise<Failure | undefined>;
};
