/**
 * The frames of the socket: the mirror of `internal/wire/frame.go`. Each carries exactly one member beside
 * `id`, which an answer repeats.
 */
import {
  type Ack,
  type Changes,
  type Conversation,
  type Message,
  type Position,
  type PresenceName,
  parseAck,
  parseChanges,
  parseConversation,
  parseMessage,
  parsePosition,
  parsePresence,
  parseRecall,
  parseSide,
  parseWireError,
  type Recall,
  type Send,
  type Side,
  type WireError,
} from "./body.ts";
import { attempt, boolean, members, number, object, optional, type Parse, record, string } from "./parse.ts";

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
  | { viewing: { conversation: string } }
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
/** A colleague has the conversation before them, or writes in it. */
export type ColleagueEvent = { conversation: string; agent: string; agent_name?: string; typing?: boolean };
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
  | { kind: "colleague"; colleague: ColleagueEvent }
  | { kind: "presence"; presence: PresenceEvent }
  | { kind: "push"; push: { payload: unknown } }
  | { kind: "heartbeat"; heartbeat: { position?: Position } }
  | { kind: "error"; error: WireError }
  | { kind: "bye"; bye: Bye }
  | { kind: "unknown" }; // of a later version: ignored

export type ServerFrame = { id: number } & ServerBody;

const watermark = object<WatermarkEvent>({
  pos: optional(number),
  conversation: string,
  rev: number,
  side: parseSide,
  seq: number,
  unread: number,
});

const welcome = object<Welcome>({
  client_id: string,
  uid: string,
  agent: optional(string),
  position: parsePosition,
  heartbeat_ms: number,
  server_time: number,
  changes: optional(parseChanges),
  reset: optional(boolean),
});
const message = object<MessageEvent>({ pos: number, message: parseMessage });
const recall = object<RecallEvent>({ pos: number, recall: parseRecall });
const conversation = object<ConversationEvent>({ pos: number, conversation: parseConversation });
const typing = object<TypingEvent>({ conversation: string, uid: string, agent_name: optional(string) });
const colleague = object<ColleagueEvent>({
  conversation: string,
  agent: string,
  agent_name: optional(string),
  typing: optional(boolean),
});
const presence = object<PresenceEvent>({ uids: record(parsePresence) });
const heartbeat = object<{ position?: Position }>({ position: optional(parsePosition) });
const bye = object<Bye>({
  code: string,
  message: string,
  retry_after_ms: optional(number),
  final: optional(boolean),
});

type Known = Exclude<ServerBody, { kind: "unknown" }>;

/** How each member that a server frame may have is read. */
const readers: { readonly [B in Known as B["kind"]]: Parse<B[B["kind"] & keyof B]> } = {
  welcome,
  ack: parseAck,
  message,
  delivered: watermark,
  read: watermark,
  recall,
  conversation,
  typing,
  colleague,
  presence,
  push: (value) => ({ payload: members(value)["payload"] }),
  heartbeat,
  error: parseWireError,
  bye,
};
const bodies: ReadonlyMap<string, Parse<unknown>> = new Map(Object.entries(readers));

const parseFrame: Parse<ServerFrame> = (value) => {
  const frame = members(value);
  const id = frame["id"] === undefined ? 0 : number(frame["id"]);
  for (const [kind, body] of Object.entries(frame)) {
    const parse = bodies.get(kind);
    if (parse !== undefined) return { id, kind, [kind]: parse(body) } as ServerFrame; // its kind has said how
  }
  return { id, kind: "unknown" };
};

/**
 * Reads a frame from the server. One of a later version is of kind "unknown" and to be ignored; undefined
 * says that it is malformed, which the caller counts.
 */
export function parseServerFrame(text: string): ServerFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return attempt(parseFrame, value);
}

export function encodeClientFrame(frame: ClientFrame): string {
  return JSON.stringify(frame);
}
