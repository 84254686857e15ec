import { expect, test } from "vitest";
import { type Outgoing, waiting } from "../../client/outgoing.ts";
import type { OutboxItem } from "../../client/ports.ts";
import type { Conversation } from "../../protocol/body.ts";
import { unlisted, unsentIn } from "./unsent.ts";

const said = (text: string, to: Partial<OutboxItem>): Outgoing =>
  waiting({
    nonce: text,
    pieces: [{ type: "text", text }],
    files: [undefined],
    order: 1,
    queuedAt: 1,
    tried: false,
    ...to,
  });
const pieces = (text: string) => [{ type: "text", text }];
const talk = (id: string, merchant: string, last = "") =>
  ({ id, merchant: { uid: merchant }, last: { nonce: last } }) as Conversation;
const peerOf = ({ merchant }: Conversation) => merchant.uid;

test("a conversation shows the newest of what waits in it, also what was written before it had a name", () => {
  const outgoing = [
    said("one", { peer: "E_1" }),
    said("two", { conversation: "c_1", peer: "E_1" }),
    said("other", { conversation: "c_2" }),
  ];
  expect(unsentIn(outgoing, talk("c_1", "E_1"), "E_1")).toEqual({ pieces: pieces("two"), tick: "queued" });
  expect(unsentIn(outgoing.slice(0, 1), talk("c_1", "E_1"), "E_1")).toEqual({
    pieces: pieces("one"),
    tick: "queued",
  });
  expect(unsentIn(outgoing, talk("c_3", "E_3"), "E_3")).toBeUndefined();
});

test("it fails as long as anything in it waits for its writer's word", () => {
  for (const asks of [{ stale: true }, { failure: { code: "blocked", message: "no" } }]) {
    const outgoing = [said("one", { conversation: "c_1", ...asks }), said("two", { conversation: "c_1" })];
    expect(unsentIn(outgoing, talk("c_1", "E_1"), "E_1")).toEqual({ pieces: pieces("two"), tick: "failed" });
  }
});

test("what is stored as the last message is not unsent, though its answer was lost", () => {
  const outgoing = [said("one", { conversation: "c_1", stale: true })];
  expect(unsentIn(outgoing, talk("c_1", "E_1", "one"), "E_1")).toBeUndefined();
});

test("what waits in no conversation of the list stands by itself, by its product before it has one", () => {
  const outgoing = [
    said("one", { peer: "E_1", product: "1001" }),
    said("two", { peer: "E_1", product: "1001" }),
    said("three", { peer: "E_2", product: "2001", stale: true }),
    said("far down", { conversation: "c_3", peer: "E_3", product: "3001" }),
  ];
  expect(unlisted(outgoing, [], peerOf)).toEqual([
    { place: { product: "1001" }, unsent: { pieces: pieces("two"), tick: "queued" } },
    { place: { product: "2001" }, unsent: { pieces: pieces("three"), tick: "failed" } },
    { place: { conversation: "c_3" }, unsent: { pieces: pieces("far down"), tick: "queued" } },
  ]);
  const listed = [talk("c_1", "E_1"), talk("c_3", "E_3")];
  expect(unlisted(outgoing, listed, peerOf).map(({ place }) => place)).toEqual([{ product: "2001" }]);
});
