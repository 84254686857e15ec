import { expect, test } from "vitest";
import { isBigEmoji } from "./big-emoji.ts";

test.each([
  { text: "👍", want: true },
  { text: " 👍🏽 🎉 ", want: true },
  { text: "👨‍👩‍👧", want: true },
  { text: "🇨🇳", want: true },
  { text: "❤️", want: true },
  { text: "👍👍👍👍", want: false },
  { text: "ok 👍", want: false },
  { text: "1", want: false },
  { text: "#", want: false },
  { text: "", want: false },
])("$text → $want", ({ text, want }) => {
  expect(isBigEmoji(text)).toBe(want);
});
