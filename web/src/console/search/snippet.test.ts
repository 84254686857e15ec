import { expect, test } from "vitest";
import { snippetOf } from "./snippet.ts";

const marked = (text: string, query: string): string =>
  snippetOf(text, query)
    .map(({ text: bit, hit }) => (hit ? `[${bit}]` : bit))
    .join("");

test("marks every hit, letter case aside", () => {
  expect(marked("Is the MUG a big mug?", "mug")).toBe("Is the [MUG] a big [mug]?");
});

test("looks for each word by itself, and takes none for a pattern", () => {
  expect(marked("red or blue (30% off)", "blue (30%")).toBe("red or [blue] [(30%] off)");
});

test("finds Chinese anywhere, and begins shortly before it", () => {
  expect(marked(`${"前".repeat(40)}今天发货吗？`, "发货")).toBe(`…${"前".repeat(10)}今天[发货]吗？`);
});

test("begins with a whole word, and never inside of a character", () => {
  expect(marked("and so it went on, and then they shipped it at last", "shipped")).toBe(
    "…then they [shipped] it at last",
  );
  expect(marked(`${"😀".repeat(30)}hello`, "hello")).toBe(`…${"😀".repeat(6)}[hello]`);
});

test("is one line, however long the message and however many its lines", () => {
  const text = snippetOf(`first\n\nsecond ${"long ".repeat(200)}`, "second")
    .map(({ text: bit }) => bit)
    .join("");
  expect(text.startsWith("first second long")).toBe(true);
  expect(text.length).toBeLessThanOrEqual(170);
});

test("marks nothing where the server found by rules of its own", () => {
  expect(marked("ＡＢＣ", "abc")).toBe("ＡＢＣ");
  expect(marked("text", " ")).toBe("text");
});
