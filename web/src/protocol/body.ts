/**
 * The JSON bodies that the server sends and takes: the mirror of `internal/wire/body.go`. Times are Unix
 * milliseconds. A field that is absent means its zero value.
 */
import { boolean, list, members, number, object, oneOf, optional, type Parse, string } from "./parse.ts";

export type Side = "buyer" | "merchant";

export type PresenceName = "online" | "offline" | "unknown";

/** A picture in a message. Where to fetch it is asked for with the file. */
export type Image = { file: string; width: number; height: number; preview?: string };

/** A product as it was when somebody sent it. */
export type ProductCard = {
  id: string;
  title: string;
  amount: number; // minor units
  currency: string;
  image?: string;
  url?: string;
  kind: "virtual" | "physical";
};

/** A piece of a stored message. Kinds that this version does not know are drawn as "not supported". */
export type Block = TextBlock | ImageBlock | ProductBlock | NoticeBlock | UnknownBlock;
export type TextBlock = { type: "text"; text: string };
export type ImageBlock = { type: "image"; image: Image };
export type ProductBlock = { type: "product"; product: ProductCard };
/** The server's own words about the blocks beside it. `code` may be one that this version does not know. */
export type NoticeBlock = { type: "notice"; notice: Notice };
export type Notice = { code: string; detail?: string };
/** Made by `parseBlock` of whatever it does not know. */
export type UnknownBlock = { type: "unknown" };

export type Message = {
  conversation: string;
  seq: number;
  rev: number;
  sender: string;
  agent?: string;
  agent_name?: string;
  nonce: string;
  blocks: readonly Block[]; // empty once recalled
  sent_at: number;
  recipient_online?: boolean;
  auto?: string; // "greeting" or "away": the server wrote it by itself
  recalled_at?: number;
};

/** The mutation that turned a message into a tombstone. */
export type Recall = { conversation: string; seq: number; rev: number; by: string; at: number };

export type Participant = { uid: string; name?: string; avatar?: string };

export type Product = {
  id: string;
  merchant: string;
  title: string;
  amount: number; // minor units
  currency: string;
  image?: string;
  url?: string;
  kind: "virtual" | "physical";
  stock?: number;
  deleted?: boolean;
};

/** How far one side of a conversation has come. */
export type SideProgress = { delivered: number; read: number; blocked?: boolean };

/** A conversation as one of its two sides sees it. */
export type Conversation = {
  id: string;
  rev: number;
  pos: number; // of this participant at the last change
  buyer: Participant;
  merchant: Participant;
  product?: Product; // last talked about
  last_seq: number;
  last?: Message;
  unread: number; // of this participant
  waiting?: boolean; // the other side has the last word, automatic messages aside
  pinned?: boolean; // of this participant, and so the next two
  muted?: boolean;
  marked?: boolean; // counts as unread until it reads or writes on
  buyer_at: SideProgress;
  merchant_at: SideProgress;
  created_at: number;
  last_at: number;
};

export type ConversationPage = { conversations: readonly Conversation[]; cursor?: string };
export type MessagePage = { messages: readonly Message[]; more?: boolean };
export type RecallPage = { recalls: readonly Recall[]; more?: boolean };

/** A participant's position in its own changes. */
export type Position = { epoch: string; pos: number };

/** A page of a participant's conversations, by the position of their last change. */
export type Changes = { conversations: readonly Conversation[]; position: Position; more?: boolean };

/** The bounds that a client checks before it asks. */
export type Limits = {
  text: number;
  blocks: number;
  images: number;
  upload_bytes: number;
  upload_pixels: number;
  recall_ms: number;
};

export type Me = {
  participant: Participant;
  side: Side;
  agent?: string;
  agent_name?: string;
  guest?: boolean;
  position: Position;
  unread_conversations: number;
  unread: number;
  limits: Limits;
  /** Where the JS-SDK of WeChat is; absent where the shop has no official account. */
  wechat?: { js: string };
};

/** What a page needs to begin, or go on with, the conversation about a product. */
export type Begin = {
  product: Product;
  merchant: Participant;
  presence: PresenceName;
  conversation?: Conversation; // absent until the first message
  closed?: Closed;
  replies_within_ms?: number; // the shop usually does within this time
};

/** The shop does not answer just now. `until` is when it opens, absent where that is not within a week. */
export type Closed = { until?: number };

/** Says why something was not done, in a form a program can act on. */
export type WireError = { code: string; message: string; retry_after_ms?: number; request_id?: string };

/** A short-lived token for the page's script. */
export type TokenGrant = { token: string; expires_at: number; uid: string };

/** A block as a sender asks for it. */
export type DraftBlock =
  | { type: "text"; text: string }
  | { type: "image"; file: string }
  | { type: "product"; product: string };

/** Asks to store a message, in a conversation or to the seller of a product. */
export type Send = {
  conversation?: string;
  product?: string;
  merchant?: string;
  nonce: string;
  blocks: readonly DraftBlock[];
};

/** Answers what was carried out. For a send: stored and synced to disk. */
export type Ack = {
  conversation?: string;
  seq?: number;
  rev?: number;
  pos?: number;
  sent_at?: number;
  begun?: boolean;
  blocks?: readonly Block[];
};

const kind = oneOf("virtual", "physical");
const image = object<Image>({ file: string, width: number, height: number, preview: optional(string) });
const card = object<ProductCard>({
  id: string,
  title: string,
  amount: number,
  currency: string,
  image: optional(string),
  url: optional(string),
  kind,
});

const notice = object<Notice>({ code: string, detail: optional(string) });

const parseBlock: Parse<Block> = (value) => {
  const block = members(value);
  switch (block["type"]) {
    case "text":
      return { type: "text", text: string(block["text"] ?? "") };
    case "image":
      return { type: "image", image: image(block["image"]) };
    case "product":
      return { type: "product", product: card(block["product"]) };
    case "notice":
      return { type: "notice", notice: notice(block["notice"]) };
    default:
      return { type: "unknown" };
  }
};

export const parseMessage = object<Message>({
  conversation: string,
  seq: number,
  rev: number,
  sender: string,
  agent: optional(string),
  agent_name: optional(string),
  nonce: string,
  blocks: list(parseBlock),
  sent_at: number,
  recipient_online: optional(boolean),
  auto: optional(string),
  recalled_at: optional(number),
});

export const parseRecall = object<Recall>({
  conversation: string,
  seq: number,
  rev: number,
  by: string,
  at: number,
});

const participant = object<Participant>({ uid: string, name: optional(string), avatar: optional(string) });

export const parseProduct = object<Product>({
  id: string,
  merchant: string,
  title: string,
  amount: number,
  currency: string,
  image: optional(string),
  url: optional(string),
  kind,
  stock: optional(number),
  deleted: optional(boolean),
});

const progress = object<SideProgress>({ delivered: number, read: number, blocked: optional(boolean) });

export const parseConversation = object<Conversation>({
  id: string,
  rev: number,
  pos: number,
  buyer: participant,
  merchant: participant,
  product: optional(parseProduct),
  last_seq: number,
  last: optional(parseMessage),
  unread: number,
  waiting: optional(boolean),
  pinned: optional(boolean),
  muted: optional(boolean),
  marked: optional(boolean),
  buyer_at: progress,
  merchant_at: progress,
  created_at: number,
  last_at: number,
});

export const parsePosition = object<Position>({ epoch: string, pos: number });
export const parseSide = oneOf<Side>("buyer", "merchant");
export const parsePresence = oneOf<PresenceName>("online", "offline", "unknown");

export const parseConversationPage = object<ConversationPage>({
  conversations: list(parseConversation),
  cursor: optional(string),
});
export const parseMessagePage = object<MessagePage>({
  messages: list(parseMessage),
  more: optional(boolean),
});
export const parseRecallPage = object<RecallPage>({ recalls: list(parseRecall), more: optional(boolean) });
export const parseChanges = object<Changes>({
  conversations: list(parseConversation),
  position: parsePosition,
  more: optional(boolean),
});

const limits = object<Limits>({
  text: number,
  blocks: number,
  images: number,
  upload_bytes: number,
  upload_pixels: number,
  recall_ms: number,
});

/** A product that a conversation was about, and when it first and last came to be. */
export type Asked = { product: Product; first_at: number; last_at: number };
/** What a conversation was about, latest first. */
export type AskedPage = { products: readonly Asked[] };

export const parseAskedPage = object<AskedPage>({
  products: list(object<Asked>({ product: parseProduct, first_at: number, last_at: number })),
});

/** A page of a merchant's own products. */
export type ProductPage = { products: readonly Product[]; cursor?: string };

export const parseProductPage = object<ProductPage>({
  products: list(parseProduct),
  cursor: optional(string),
});

export const parseMe = object<Me>({
  participant,
  side: parseSide,
  agent: optional(string),
  agent_name: optional(string),
  guest: optional(boolean),
  position: parsePosition,
  unread_conversations: number,
  unread: number,
  limits,
  wechat: optional(object<{ js: string }>({ js: string })),
});

export const parseBegin = object<Begin>({
  product: parseProduct,
  merchant: participant,
  presence: parsePresence,
  conversation: optional(parseConversation),
  closed: optional(object<Closed>({ until: optional(number) })),
  replies_within_ms: optional(number),
});

export const parseWireError = object<WireError>({
  code: string,
  message: string,
  retry_after_ms: optional(number),
  request_id: optional(string),
});

export const parseTokenGrant = object<TokenGrant>({ token: string, expires_at: number, uid: string });

export const parseAck = object<Ack>({
  conversation: optional(string),
  seq: optional(number),
  rev: optional(number),
  pos: optional(number),
  sent_at: optional(number),
  begun: optional(boolean),
  blocks: optional(list(parseBlock)),
});
