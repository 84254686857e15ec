/** What the core needs of the world around it. A page hands in the browser's; a test hands in its own. */
import type { TokenGrant } from "../protocol/body.ts";
import type { Welcome } from "../protocol/frame.ts";
import type { Failure, Piece } from "./api.ts";
import type { LiveInbox } from "./inbox.ts";
import type { Pictures } from "./pictures.ts";
import type { Sender } from "./sender.ts";

export type Clock = {
  now(): number; // Unix milliseconds
  /** Runs `fn` once after `ms` unless the returned function is called before. */
  after(ms: number, fn: () => void): () => void;
};

export type SocketEvents = { opened(): void; text(data: string): void; closed(): void };
/** `wake` says that the page has come back to life. */
export type Socket = { send(text: string): void; close(): void; wake?(): void };
/** Opens a socket to the server. `closed` is called once, also when it never opened, never by `close`. */
export type OpenSocket = (events: SocketEvents) => Socket;

/** For a fallback that finds WebSockets to get through again. */
export type WayBack = {
  /** What a socket says first; undefined if there is no use in it. */
  hello(): Promise<string | undefined>;
  /** Goes on over a socket that was welcomed; `takeOver` has it tell the new owner from now on. */
  changeOver(socket: Socket, welcome: Welcome, takeOver: (events: SocketEvents) => void): void;
};
/** The same as a socket where WebSocket is blocked. */
export type OpenFallback = (events: SocketEvents, back: WayBack) => Socket;

export type HttpRequest = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string; // from the server's root, with its query
  token?: string;
  json?: unknown;
};
export type HttpResponse = { status: number; body: unknown }; // JSON, undefined where there is none

export type Upload = {
  path: string;
  token: string;
  bytes: Blob;
  progress(share: number): void; // 0 to 1
};
export type UploadUnderWay = { response: Promise<HttpResponse>; cancel(): void };

export type Http = {
  /** Rejects when no answer came. */
  request(request: HttpRequest): Promise<HttpResponse>;
};

/** What keeps and sends messages, with all it takes of the world. */
export type Sending = {
  Sender: typeof Sender;
  store: OutboxStore;
  lead: Lead;
  openChannel: OpenChannel;
  upload(upload: Upload): UploadUnderWay;
};

/** A message that waits to be sent, as it is kept. */
export type OutboxItem = {
  nonce: string;
  /** Where to: a conversation, or the seller of `product` until there is one. */
  conversation?: string;
  peer?: string;
  product?: string; // part of the request: never changed once set
  pieces: readonly Piece[];
  files: readonly (string | undefined)[]; // of the pieces that are uploaded, by place
  order: number; // sorts the items of one device
  queuedAt: number; // moved on when the user says to send an old one after all
  tried: boolean; // it may have arrived
  failure?: Failure;
  stale?: boolean;
};

/** Keeps outbox items for one scope, that is one user of one side. */
export type OutboxStore = {
  all(scope: string): Promise<readonly OutboxItem[]>;
  /** What pages before could only leave behind, beside what is kept: each as it is to be kept from now on. */
  left(scope: string, kept: readonly OutboxItem[]): readonly OutboxItem[];
  /** Whether a message is left behind as yet, and no page has taken it up. */
  isLeft(nonce: string): boolean;
  /** All that was left behind of `scope`, or this message, is not to be taken up; `kept`: the device has yet to remove it. */
  forget(scope: string, nonce?: string, kept?: boolean): void;
  put(scope: string, item: OutboxItem): Promise<void>;
  remove(scope: string, nonce: string): Promise<void>;
  clear(scope: string): Promise<void>;
};

/** Lets exactly one of the device's tabs act; the returned function gives up the wish or the lead. */
export type Lead = (name: string, leading: () => void) => () => void;

/** To the other tabs of this device. */
export type Channel = { post(message: unknown): void; close(): void };
export type OpenChannel = (name: string, received: (message: unknown) => void) => Channel;

/** What came of asking for a token. Only `signedOut` is final. */
export type TokenAnswer = { grant: TokenGrant } | { signedOut: Failure } | { failed: Failure };

/** A token from somebody else than the server: the shop's page around this one. undefined: it has none to give. */
export type HandedToken = () => Promise<TokenAnswer | undefined>;

export type Ports = {
  clock: Clock;
  random(): number; // 0 to 1, for jitter
  nonce(): string; // unguessable, 1 to 50 of A-Za-z0-9._-
  openSocket: OpenSocket;
  openFallback: OpenFallback;
  /** WebSockets were blocked when this tab found out last. */
  blocked: boolean;
  http: Http;
  /** What lists conversations, where a page has it from its beginning. */
  Inbox?: typeof LiveInbox | undefined;
  /** Loads that, where it has not. */
  loadInbox(): Promise<typeof LiveInbox>;
  /** Loads what finds out where pictures can be fetched. */
  pictures(): Promise<typeof Pictures>;
  /** Loads what keeps and sends messages. */
  sending(): Promise<Sending>;
  handedToken?: HandedToken | undefined;
};
