import { expect, test } from "vitest";
import { type Outgoing, waiting } from "../../client/outgoing.ts";
import type { OutboxItem } from "../../client/ports.ts";
import { unbegun, unsentIn } from "./unsent.ts";

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

test("a conversation shows the newest of what waits in it, also what was written before it had a name", () => {
  const outgoing = [
    said("one", { peer: "E_1" }),
    said("two", { conversation: "c_1", peer: "E_1" }),
    said("other", { conversation: "c_2" }),
  ];
  expect(unsentIn(outgoing, "c_1", "E_1")).toEqual({ pieces: pieces("two"), tick: "queued" });
  expect(unsentIn(outgoing.slice(0, 1), "c_1", "E_1")).toEqual({ pieces: pieces("one"), tick: "queued" });
  expect(unsentIn(outgoing, "c_3", "E_3")).toBeUndefined();
});

test("it fails as long as anything in it waits for its writer's word", () => {
  for (const asks of [{ stale: true }, { failure: { code: "blocked", message: "no" } }]) {
    const outgoing = [said("one", { conversation: "c_1", ...asks }), said("two", { conversation: "c_1" })];
    expect(unsentIn(outgoing, "c_1", "E_1")).toEqual({ pieces: pieces("two"), tick: "failed" });
  }
});

test("what waits for somebody new stands by its product, until there is a conversation", () => {
  const outgoing = [
    said("one", { peer: "E_1", product: "1001" }),
    said("two", { peer: "E_1", product: "1001" }),
    said("three", { peer: "E_2", product: "2001", stale: true }),
    said("named", { conversation: "c_3", peer: "E_3", product: "3001" }),
  ];
  expect([...unbegun(outgoing, new Set())]).toEqual([
    ["1001", { pieces: pieces("two"), tick: "queued" }],
    ["2001", { pieces: pieces("three"), tick: "failed" }],
  ]);
  expect([...unbegun(outgoing, new Set(["E_1"])).keys()]).toEqual(["2001"]);
});
