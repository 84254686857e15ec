import { expect, test } from "vitest";
import { insertAt, leftToSay, lengthOf, meaningOf } from "./compose.ts";

const enter = {
  key: "Enter",
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  isComposing: false,
  keyCode: 13,
};

test.each([
  { name: "Enter sends", event: enter, touch: false, want: "send" },
  { name: "Shift+Enter is a new line", event: { ...enter, shiftKey: true }, touch: false, want: "newline" },
  { name: "Enter on touch is a new line", event: enter, touch: true, want: "newline" },
  { name: "Ctrl+Enter always sends", event: { ...enter, ctrlKey: true }, touch: true, want: "send" },
  { name: "Enter chooses a candidate", event: { ...enter, isComposing: true }, touch: false, want: "type" },
  {
    name: "Enter chooses a candidate in Safari",
    event: { ...enter, keyCode: 229 },
    touch: false,
    want: "type",
  },
  { name: "a letter", event: { ...enter, key: "a", keyCode: 65 }, touch: false, want: "type" },
])("$name", ({ event, touch, want }) => {
  expect(meaningOf(event, touch)).toBe(want);
});

test("characters are counted as the server counts them, emoji as one", () => {
  expect(lengthOf("a发😀")).toBe(3);
});

test.each([
  { name: "far from the limit", n: 3000, want: undefined },
  { name: "near", n: 3900, want: 100 },
  { name: "over", n: 4010, want: -10 },
])("counter: $name", ({ n, want }) => {
  expect(leftToSay("x".repeat(n), 4000)).toBe(want);
});

test("an emoji replaces the selection", () => {
  expect(insertAt("hello", 1, 4, "😀")).toEqual({ text: "h😀o", caret: 3 });
});
