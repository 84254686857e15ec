// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { grantOf } from "./embed.ts";
import { hostOf } from "./route.ts";

const token = (claims: unknown): string =>
  `h.${btoa(JSON.stringify(claims)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}.s`;

describe("what a token says of itself", () => {
  const signed = token({ sub: "U_42", exp: 1_767_003_600, name: "??>?" });
  test("who it is for and until when", () =>
    expect(grantOf(signed)).toEqual({ token: signed, uid: "U_42", expires_at: 1_767_003_600_000 }));
  for (const bad of ["", "eyJ", "a.b.c", token(null), token({ sub: 7, exp: 1 }), token({ sub: "U_42" })]) {
    test(`nothing, for ${JSON.stringify(bad)}`, () => expect(grantOf(bad)).toBeUndefined());
  }
});

describe("which page the chat is in", () => {
  for (const [search, framed, want] of [
    ["?product=1&embed=https%3A%2F%2Fshop.example", true, "https://shop.example"],
    ["?embed=https%3A%2F%2Fshop.example%2Fa%3Fb", true, "https://shop.example"],
    ["?embed=https%3A%2F%2Fshop.example", false, undefined],
    ["?embed=shop", true, undefined],
    ["?product=1", true, undefined],
  ] as const) {
    test(`${search} ${framed}`, () => expect(hostOf(search, framed)).toBe(want));
  }
});
