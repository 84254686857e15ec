// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import type { Picture } from "../../client/api.ts";
import { excess, measure, type Part, readParts, textOf, toPieces, trimParts } from "./editor-content.ts";

function parts(html: string): Part[] {
  return readParts(new DOMParser().parseFromString(`<body>${html}</body>`, "text/html").body);
}

function text(html: string): string {
  return parts(html)
    .map((part) => (part.type === "text" ? part.text : `[${part.picture}]`))
    .join("");
}

describe("lines are read as they were seen, in every browser's way to write them", () => {
  const cases: [string, string, string][] = [
    ["plain text", "hello", "hello"],
    ["a break", "a<br>b", "a\nb"],
    ["a typed newline", "a\nb", "a\nb"],
    ["blocks", "<div>a</div><div>b</div>", "a\nb"],
    ["text, then blocks", "a<div>b</div><div>c</div>", "a\nb\nc"],
    ["an empty line between blocks", "<div>a</div><div><br></div><div>b</div>", "a\n\nb"],
    ["two empty lines", "<div>a</div><div><br></div><div><br></div><div>b</div>", "a\n\n\nb"],
    ["a break that ends its block", "<div>a<br></div><div>b</div>", "a\nb"],
    ["a break before a block", "a<br><div>b</div>", "a\nb"],
    ["nested blocks", "<div><div>a</div></div><div>b</div>", "a\nb"],
    ["formatting that slipped in", "a <b>bold</b> <span>word</span>", "a bold word"],
    ["a picture among words", 'a <img src="blob:1"> b', "a [blob:1] b"],
    ["a picture in its own block", '<div>a</div><div><img src="blob:1"></div><div>b</div>', "a\n[blob:1]\nb"],
    ["a comment", "a<!-- no -->b", "ab"],
  ];
  for (const [what, html, want] of cases) test(what, () => expect(text(html)).toBe(want));
});

test("trims layout and leaves the words alone", () => {
  expect(trimParts(parts('  indented\nline  <br><br><img src="1"><br>after<br> '))).toEqual([
    { type: "text", text: "  indented\nline" },
    { type: "image", picture: "1" },
    { type: "text", text: "after" },
  ]);
});

test("an editor with nothing but blanks sends nothing", () => {
  expect(toPieces(parts("<div><br></div>   <div><br></div>"), new Map())).toEqual([]);
});

test("a message keeps the order of words and pictures", () => {
  const one: Picture = { bytes: new Blob(["1"]), width: 1, height: 1 };
  const two: Picture = { bytes: new Blob(["2"]), width: 2, height: 2 };
  const pictures = new Map([
    ["blob:1", one],
    ["blob:2", two],
  ]);
  const read = parts('first<img src="blob:1"><img src="blob:2">then<img src="blob:gone"><div>last</div>');
  expect(toPieces(read, pictures)).toEqual([
    { type: "text", text: "first" },
    { type: "image", picture: one },
    { type: "image", picture: two },
    { type: "text", text: "then" },
    { type: "text", text: "last" },
  ]);
});

test("words that only look like HTML stay words", () => {
  expect(text("&lt;b&gt;1 &lt; 2&lt;/b&gt;")).toBe("<b>1 < 2</b>");
});

test("counts characters as the server does, an emoji once", () => {
  expect(measure(parts('发货😀<img src="1">ok'))).toEqual({ text: 5, images: 1, blocks: 3 });
});

test("names the limit that a message is over", () => {
  const bounds = { text: 4000, images: 9, blocks: 20 };
  expect(excess({ text: 4000, images: 9, blocks: 20 }, bounds)).toBeUndefined();
  expect(excess({ text: 4001, images: 0, blocks: 1 }, bounds)).toBe("text");
  expect(excess({ text: 1, images: 10, blocks: 11 }, bounds)).toBe("images");
  expect(excess({ text: 21, images: 0, blocks: 21 }, bounds)).toBe("blocks");
});

test("a draft keeps the words of a message with pictures", () => {
  expect(textOf(parts('a<img src="1">b'))).toBe("a\nb");
});
