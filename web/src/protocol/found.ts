/** What a search in the text of messages brings: the mirror of `FoundMessages` in `internal/wire/body.go`. */
import { type Conversation, type Message, parseConversation, parseMessage } from "./body.ts";
import { list, object, optional, string } from "./parse.ts";

/** A message that was searched for. */
export type FoundMessage = { message: Message; conversation: Conversation };

/** A page of the messages that were searched for, the latest first. */
export type FoundMessages = { found: readonly FoundMessage[]; cursor?: string };

export const parseFoundMessages = object<FoundMessages>({
  found: list(object<FoundMessage>({ message: parseMessage, conversation: parseConversation })),
  cursor: optional(string),
});
