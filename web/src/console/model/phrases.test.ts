import { match } from "pinyin-pro";
import { describe, expect, test } from "vitest";
import { allPhrases, between, fill, findPhrases, hearing, slashed } from "./phrases.ts";

const phrases = [
  { id: "1", title: "发货", text: "亲，今天 17:00 前付款当天发货哦", place: 1 },
  { id: "2", title: "Returns", text: "You can send it back within 14 days.", place: 2 },
  { id: "3", text: "Hello {buyer}, thank you for asking about {product}.", place: 3 },
  { id: "4", title: "退货", text: "七天无理由退货", place: 4 },
  { id: "5", text: "绿茶现货", place: 5 },
];
const soundsLike = hearing(match);
const found = (typed: string) => findPhrases(phrases, typed, soundsLike).map(({ id }) => id);

describe("what is typed after the slash", () => {
  for (const [typed, ids, why] of [
    ["", ["1", "2", "3", "4", "5"], "nothing: all, in their order"],
    ["ret", ["2"], "the beginning of a title"],
    ["TURN", ["2"], "a part of it, letter case aside"],
    ["发货", ["1"], "Chinese"],
    ["fh", ["1"], "the first letters of its sounds"],
    ["fahuo", ["1"], "its sounds in full"],
    ["tuih", ["4"], "a part of its sounds"],
    ["lvcha", ["5"], "v, which stands for ü"],
    ["thank", ["3"], "a part of the text"],
    ["hlbuyr", ["3"], "letters in their order"],
    ["ｒｅｔ", ["2"], "letters of full width"],
    ["zzz", [], "nothing there is"],
  ] as const) {
    test(why, () => expect(found(typed)).toEqual(ids));
  }
  test("without the library of sounds, the rest is found", () =>
    expect(findPhrases(phrases, "fh")).toEqual([]));
});

describe("names in place of variables", () => {
  test("known ones", () =>
    expect(fill("{buyer}, {product}: {buyer}", { buyer: "Li", product: "Mug {buyer}" })).toBe(
      "Li, Mug {buyer}: Li",
    ));
  test("an unknown one stays", () =>
    expect(fill("{buyer} {product} {order}", { buyer: "Li", product: undefined })).toBe(
      "Li {product} {order}",
    ));
});

describe("which slash opens the list", () => {
  for (const [before, want] of [
    ["/", ""],
    ["/fh", "fh"],
    ["hello /发", "发"],
    ["line\n/x", "x"],
    ["http://x", undefined],
    ["and/or", undefined],
    ["/ x", undefined],
    ["7 / 8", undefined],
    ["", undefined],
    [`/${"x".repeat(25)}`, undefined],
    ["您好/fh", "fh"],
    ["您好，/", ""],
    ["您好／fh", "fh"],
    ["／fh", "fh"],
    ["、fh", "fh"],
    ["红色、蓝", undefined],
    ["是/否", undefined],
    ["a/b", undefined],
    ["1/2", undefined],
  ] as const) {
    test(JSON.stringify(before), () => expect(slashed(before)).toBe(want));
  }
});

describe("a place between neighbours", () => {
  for (const [before, after, want] of [
    [undefined, undefined, 1024],
    [1024, undefined, 2048],
    [undefined, 1024, 0],
    [1, 4, 2],
    [1, 2, undefined],
  ] as const) {
    test(`${before} and ${after}`, () => expect(between(before, after)).toBe(want));
  }
});

test("one's own come first", () => {
  const [first] = phrases;
  if (first === undefined) throw new Error("no phrase");
  expect(allPhrases({ mine: [first], shop: [{ ...first, id: "s" }] }).map(({ scope }) => scope)).toEqual([
    "mine",
    "shop",
  ]);
});
