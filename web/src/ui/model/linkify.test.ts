import { expect, test } from "vitest";
import { linkify } from "./linkify.ts";

const links = (text: string) => linkify(text).flatMap((p) => (p.kind === "link" ? [p.href] : []));

test.each([
  { name: "plain text", text: "no links here", want: [] },
  { name: "https", text: "see https://shop.example/a?b=1#c now", want: ["https://shop.example/a?b=1#c"] },
  { name: "full stop after", text: "It is http://a.example/x.", want: ["http://a.example/x"] },
  { name: "in brackets", text: "(https://a.example/x)", want: ["https://a.example/x"] },
  { name: "brackets of its own", text: "https://a.example/x_(y)", want: ["https://a.example/x_(y)"] },
  { name: "Chinese after", text: "看https://a.example/x，谢谢", want: ["https://a.example/x"] },
  {
    name: "two",
    text: "http://a.example http://b.example",
    want: ["http://a.example/", "http://b.example/"],
  },
  { name: "script", text: "javascript:alert(1)", want: [] },
  { name: "data", text: "data:text/html,<b>x</b>", want: [] },
  { name: "script behind http", text: "javascript://x/%0Ahttps", want: [] },
  { name: "name and password", text: "https://bank.example@evil.example/", want: [] },
  { name: "no host", text: "https:// and so on", want: [] },
  { name: "quote ends it", text: '<a href="https://a.example/">', want: ["https://a.example/"] },
])("$name", ({ text, want }) => {
  expect(links(text)).toEqual(want);
  expect(
    linkify(text)
      .map((p) => p.text)
      .join(""),
  ).toBe(text);
});

test("a look-alike host is shown as it is asked for", () => {
  const part = linkify("https://аpple.example/")[0]; // Cyrillic а
  expect(part).toMatchObject({ kind: "link", host: "xn--pple-43d.example" });
});
