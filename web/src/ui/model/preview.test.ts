import { expect, test } from "vitest";
import type { Block, Message, ProductCard } from "../../protocol/body.ts";
import { type PreviewWords, previewOf } from "./preview.ts";

const words: PreviewWords = {
  image: (count) => (count > 1 ? `[Image ×${count}]` : "[Image]"),
  product: (title) => `[Product] ${title}`,
  recalled: "[Taken back]",
  unsupported: "[Not supported]",
  notice: (code) => `[${code}]`,
};

function message(blocks: Block[], more: Partial<Message> = {}): Message {
  return {
    conversation: "c",
    seq: 1,
    rev: 1,
    sender: "U_1",
    nonce: "n",
    sent_at: 0,
    blocks,
    ...more,
  };
}

const image: Block = { type: "image", image: { file: "f", width: 1, height: 1 } };
const notice = (code: string): Block => ({ type: "notice", notice: { code, detail: "a.jpg" } });
const teapot: ProductCard = {
  id: "1001",
  title: "Red  teapot",
  amount: 1,
  currency: "CNY",
  kind: "physical",
};

const cases: [string, Message, string][] = [
  ["text on one line", message([{ type: "text", text: " a\n\n b\tc " }]), "a b c"],
  ["a picture", message([image]), "[Image]"],
  ["pictures in a row", message([image, image, image]), "[Image ×3]"],
  ["words between pictures", message([image, { type: "text", text: "or" }, image]), "[Image] or [Image]"],
  ["a product", message([{ type: "product", product: teapot }]), "[Product] Red teapot"],
  ["a block of a later version", message([{ type: "unknown" }]), "[Not supported]"],
  ["text, whatever is said about it", message([notice("late"), { type: "text", text: "hi" }]), "hi"],
  ["a picture, whatever is said about it", message([notice("late"), image]), "[Image]"],
  ["nothing but notices", message([notice("late"), notice("gone"), notice("gone")]), "[late] [gone]"],
  ["a recalled message", message([], { recalled_at: 5 }), "[Taken back]"],
];

for (const [what, given, want] of cases) test(what, () => expect(previewOf(given, words)).toBe(want));

test("a long text is cut between characters", () => {
  const line = previewOf(message([{ type: "text", text: "😀".repeat(3000) }]), words);
  expect(line).toBe(`${"😀".repeat(160)}…`);
});
