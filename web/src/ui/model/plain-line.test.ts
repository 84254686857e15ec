import { expect, test } from "vitest";
import { cut, plainLine } from "./plain-line.ts";

test.each([
  { name: "a path stays", text: "./upload/chat/2019/图片.jpg", want: "./upload/chat/2019/图片.jpg" },
  { name: "a family stays together", text: "👨‍👩‍👧", want: "👨‍👩‍👧" },
  { name: "nothing turns the line round", text: "a\u202egpj.exe\u2066\u200f", want: "agpj.exe" },
  { name: "one line", text: " a\n\u2028 b\tc\u0000 ", want: "a b c" },
  { name: "nothing is left of nothing", text: "\u200b\u202e", want: "" },
  { name: "half a character is none", text: "a\ud800b", want: "ab" },
])("$name", ({ text, want }) => expect(plainLine(text)).toBe(want));

test.each([
  { name: "short", line: "abc", want: "abc" },
  { name: "long", line: "x".repeat(161), want: `${"x".repeat(160)}…` },
  { name: "between characters", line: "😀".repeat(300), want: `${"😀".repeat(160)}…` },
  { name: "as many emoji as fit", line: "😀".repeat(160), want: "😀".repeat(160) },
])("cut: $name", ({ line, want }) => expect(cut(line)).toBe(want));
