/**
 * The frames of the socket: the mirror of `internal/wire/frame.go`. Each carries exactly one member beside
 * `id`, which an answer repeats.
 */
import type {
  Ack,
  Changes,
  Conversation,
  Message,
  Position,
  PresenceName,
  Recall,
  Send,
  Side,
  WireError,
} from "./body.ts";

/** Names the protocol in Sec-WebSocket-Protocol. */
export const subprotocol = "haggle.v1";

export type Hello = { token: string; position?: Position; client?: string };
export type Mark = { conversation: string; seq: number };

/** What a client asks for. */
export type ClientBody =
  | { hello: Hello }
  | { token: { token: string } }
  | { send: Send }
  | { delivered: Mark }
  | { read: Mark }
  | { recall: Mark }
  | { typing: { conversation: string } }
  | { watch: { uids: readonly string[] } }
  | { heartbeat: Record<string, never> };

export type ClientFrame = { id?: number } & ClientBody;

export type Welcome = {
  client_id: string;
  uid: string;
  agent?: string;
  position: Position;
  heartbeat_ms: number;
  server_time: number;
  changes?: Changes;
  reset?: boolean;
};

export type MessageEvent = { pos: number; message: Message };
export type WatermarkEvent = {
  pos?: number;
  conversation: string;
  rev: number;
  side: Side; // whose watermark
  seq: number;
  unread: number; // of that side
};
export type RecallEvent = { pos: number; recall: Recall };
export type ConversationEvent = { pos: number; conversation: Conversation };
export type TypingEvent = { conversation: string; uid: string; agent_name?: string };
export type PresenceEvent = { uids: Readonly<Record<string, PresenceName>> };
export type Bye = { code: string; message: string; retry_after_ms?: number; final?: boolean };

/** What the server says. */
export type ServerBody =
  | { kind: "welcome"; welcome: Welcome }
  | { kind: "ack"; ack: Ack }
  | { kind: "message"; message: MessageEvent }
  | { kind: "delivered"; delivered: WatermarkEvent }
  | { kind: "read"; read: WatermarkEvent }
  | { kind: "recall"; recall: RecallEvent }
  | { kind: "conversation"; conversation: ConversationEvent }
  | { kind: "typing"; typing: TypingEvent }
  | { kind: "presence"; presence: PresenceEvent }
  | { kind: "push"; push: { payload: unknown } }
  | { kind: "heartbeat"; heartbeat: { position?: Position } }
  | { kind: "error"; error: WireError }
  | { kind: "bye"; bye: Bye }
  | { kind: "unknown" }; // of a later version: ignored

export type ServerFrame = { id: number } & ServerBody;
