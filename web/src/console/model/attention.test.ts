import { expect, test } from "vitest";
import type { Arrival } from "../../client/api.ts";
import { attentionFor, BELL_REST_MS, restingBell, type Situation } from "./attention.ts";

const arrival: Arrival = {
  message: { conversation: "c1", seq: 1, rev: 1, sender: "U_1", nonce: "n", blocks: [], sent_at: 0 },
  conversation: undefined,
};

const cases: [string, Partial<Situation>, boolean, boolean][] = [
  ["looking at the thread", {}, false, false],
  ["looking at another thread", { open: "c2" }, true, false],
  ["looking at no thread", { open: undefined }, true, false],
  ["in another window", { focused: false }, true, true],
  ["in another window, muted", { focused: false, sound: false }, false, true],
  ["in another window, without notices", { focused: false, notices: false }, true, false],
];

for (const [what, some, sound, notice] of cases) {
  test(`a message for a seller who is ${what}`, () => {
    const now: Situation = { focused: true, open: "c1", sound: true, notices: true, ...some };
    expect(attentionFor(arrival, now)).toEqual({ sound, notice });
  });
}

test("twenty messages at once ring one bell", () => {
  let at = 0;
  let rung = 0;
  const bell = restingBell(
    () => rung++,
    () => at,
  );
  for (let i = 0; i < 20; i++) bell();
  expect(rung).toBe(1);
  at = BELL_REST_MS;
  bell();
  expect(rung).toBe(2);
});
