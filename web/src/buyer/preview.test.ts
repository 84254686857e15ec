import { expect, test } from "vitest";
import type { Block, Message } from "../protocol/body.ts";
import { en } from "../ui/i18n/en.ts";
import { previewOf } from "./preview.ts";

function message(blocks: readonly Block[], recalledAt?: number): Message {
  const base = { conversation: "c", seq: 1, rev: 1, sender: "U_1", nonce: "n", blocks, sent_at: 0 };
  return recalledAt === undefined ? base : { ...base, recalled_at: recalledAt };
}

test.each([
  { name: "text in one line", message: message([{ type: "text", text: "a\n b" }]), mine: false, want: "a b" },
  { name: "mine", message: message([{ type: "text", text: "a" }]), mine: true, want: "You: a" },
  {
    name: "pictures and words",
    message: message([
      { type: "image", image: { file: "f", width: 1, height: 1 } },
      { type: "text", text: "look" },
    ]),
    mine: false,
    want: "[Picture] look",
  },
  { name: "taken back", message: message([], 5), mine: true, want: "[Taken back]" },
])("$name", ({ message: m, mine, want }) => {
  expect(previewOf(en, m, mine)).toBe(want);
});
