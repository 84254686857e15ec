/** What a list of conversations says of messages that are not stored yet. */
import type { Piece, Tick } from "../../client/api.ts";
import { isWaiting, type Outgoing } from "../../client/outgoing.ts";

/** The newest message, and how it fares: "failed" as long as any before it, too, waits for its writer's word. */
export type Unsent = { pieces: readonly Piece[]; tick: Tick };

/** What waits in a conversation, some of it perhaps since before that had a name; undefined where nothing does. */
export function unsentIn(
  outgoing: readonly Outgoing[],
  conversation: string,
  peer: string,
): Unsent | undefined {
  return unsentOf(
    outgoing.filter(({ item }) =>
      item.conversation === undefined ? item.peer === peer : item.conversation === conversation,
    ),
  );
}

/** What waits for people with whom there is no conversation in the list, by the product that it is about. */
export function unbegun(outgoing: readonly Outgoing[], known: ReadonlySet<string>): Map<string, Unsent> {
  const about = new Map<string, Outgoing[]>();
  for (const one of outgoing) {
    const { conversation, peer, product } = one.item;
    if (conversation !== undefined || product === undefined || (peer !== undefined && known.has(peer)))
      continue;
    about.set(product, [...(about.get(product) ?? []), one]);
  }
  return new Map(
    [...about].flatMap(([product, theirs]) => {
      const unsent = unsentOf(theirs);
      return unsent === undefined ? [] : [[product, unsent]];
    }),
  );
}

function unsentOf(theirs: readonly Outgoing[]): Unsent | undefined {
  const newest = theirs.at(-1);
  if (newest === undefined) return undefined;
  const asks = theirs.some(({ item }) => !isWaiting(item));
  return { pieces: newest.item.pieces, tick: asks ? "failed" : newest.tick };
}
