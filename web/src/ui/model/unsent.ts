/** What a list of conversations says of messages that are not stored yet. */
import type { Piece, Tick } from "../../client/api.ts";
import { isWaiting, type Outgoing } from "../../client/outgoing.ts";
import type { OutboxItem } from "../../client/ports.ts";
import type { Conversation } from "../../protocol/body.ts";

/** The newest message, and how it fares: "failed" as long as any before it, too, waits for its writer's word. */
export type Unsent = { pieces: readonly Piece[]; tick: Tick };

/** What waits in a conversation with `peer`; undefined where nothing does. */
export function unsentIn(
  outgoing: readonly Outgoing[],
  conversation: Conversation,
  peer: string,
): Unsent | undefined {
  // The answer to what is stored may be lost.
  return unsentOf(
    outgoing.filter(
      ({ item }) => isIn(item, conversation.id, peer) && item.nonce !== conversation.last?.nonce,
    ),
  );
}

/** Where what waits is to be seen: its conversation, or before there is one the product that it is about. */
export type Place = { conversation: string } | { product: string };

/** What waits in none of the conversations that are listed; `peerOf` says with whom one is. */
export function unlisted(
  outgoing: readonly Outgoing[],
  listed: readonly Conversation[],
  peerOf: (conversation: Conversation) => string,
): { place: Place; unsent: Unsent }[] {
  const places = new Map<string, { place: Place; theirs: Outgoing[] }>();
  for (const one of outgoing) {
    const { item } = one;
    const place = placeOf(item);
    if (place === undefined || listed.some((row) => isIn(item, row.id, peerOf(row)))) continue;
    const key = JSON.stringify(place);
    const theirs = places.get(key)?.theirs ?? [];
    places.set(key, { place, theirs: [...theirs, one] });
  }
  return [...places.values()].flatMap(({ place, theirs }) => {
    const unsent = unsentOf(theirs);
    return unsent === undefined ? [] : [{ place, unsent }];
  });
}

function placeOf({ conversation, product }: OutboxItem): Place | undefined {
  if (conversation !== undefined) return { conversation };
  return product === undefined ? undefined : { product };
}

/** What was written before the conversation had a name is known by whom it goes to. */
function isIn(item: OutboxItem, conversation: string, peer: string): boolean {
  return item.conversation === undefined ? item.peer === peer : item.conversation === conversation;
}

function unsentOf(theirs: readonly Outgoing[]): Unsent | undefined {
  const newest = theirs.at(-1);
  if (newest === undefined) return undefined;
  const asks = theirs.some(({ item }) => !isWaiting(item));
  return { pieces: newest.item.pieces, tick: asks ? "failed" : newest.tick };
}
