import { expect, test } from "vitest";
import type { Entry } from "../../client/api.ts";
import { rowsOf } from "./rows.ts";

const noon = new Date(2026, 4, 1, 12).getTime();
const minute = 60_000;

function stored(
  seq: number,
  sender: string,
  at: number,
  extra: { agent?: string; recalled_at?: number } = {},
): Entry {
  return {
    kind: "message",
    key: `k${seq}`,
    mine: sender === "U_1",
    tick: undefined,
    message: {
      conversation: "c",
      seq,
      rev: seq,
      sender,
      nonce: `k${seq}`,
      blocks: [{ type: "text", text: "x" }],
      sent_at: at,
      ...extra,
    },
  };
}

function outgoing(key: string, at: number): Entry {
  return {
    kind: "outgoing",
    key,
    pieces: [],
    tick: "queued",
    queuedAt: at,
    progress: 0,
    failure: undefined,
    stale: false,
  };
}

/** One word per row: day, unread, or the seq's key with [ ] where a group begins and ends. */
function drawn(entries: readonly Entry[], firstUnread?: number): string {
  return rowsOf(entries, firstUnread)
    .map((r) => (r.kind === "entry" ? `${r.first ? "[" : ""}${r.key}${r.last ? "]" : ""}` : r.kind))
    .join(" ");
}

test.each([
  { name: "nothing", entries: [], want: "" },
  { name: "one", entries: [stored(1, "U_1", noon)], want: "day [k1]" },
  {
    name: "one sender within three minutes",
    entries: [
      stored(1, "U_1", noon),
      stored(2, "U_1", noon + 2 * minute),
      stored(3, "U_1", noon + 4 * minute),
    ],
    want: "day [k1 k2 k3]",
  },
  {
    name: "three minutes end a group",
    entries: [stored(1, "U_1", noon), stored(2, "U_1", noon + 3 * minute)],
    want: "day [k1] [k2]",
  },
  {
    name: "the other answers",
    entries: [stored(1, "U_1", noon), stored(2, "V_7", noon), stored(3, "U_1", noon)],
    want: "day [k1] [k2] [k3]",
  },
  {
    name: "two agents of a shop",
    entries: [stored(1, "V_7", noon, { agent: "a" }), stored(2, "V_7", noon, { agent: "b" })],
    want: "day [k1] [k2]",
  },
  {
    name: "a waiting message joins",
    entries: [stored(1, "U_1", noon), outgoing("n", noon + 1000)],
    want: "day [k1 n]",
  },
  {
    name: "midnight",
    entries: [stored(1, "U_1", noon + 12 * 60 * minute - 1000), stored(2, "U_1", noon + 12 * 60 * minute)],
    want: "day [k1] day [k2]",
  },
  {
    name: "a recalled one stands alone",
    entries: [stored(1, "U_1", noon), stored(2, "U_1", noon, { recalled_at: noon }), stored(3, "U_1", noon)],
    want: "day [k1] [k2] [k3]",
  },
  {
    name: "a clock that goes back makes no day",
    entries: [stored(1, "V_7", noon + 13 * 60 * minute), stored(2, "U_1", noon)],
    want: "day [k1] [k2]",
  },
])("$name", ({ entries, want }) => {
  expect(drawn(entries)).toBe(want);
});

test("the unread divider ends a group and stands before its message", () => {
  expect(drawn([stored(1, "V_7", noon), stored(2, "V_7", noon)], 2)).toBe("day [k1] unread [k2]");
});
