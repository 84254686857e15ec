// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sealed, type ToFrame } from "../protocol/embed.ts";
import { grantOf, openEmbed } from "./embed.ts";
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

describe("whom the page names", () => {
  const host = "https://shop.example";
  const of = (sub: string): string => token({ sub, exp: 1_767_003_600 });
  let did: string[];
  let hear: (event: MessageEvent) => void;
  let embed: ReturnType<typeof openEmbed>;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(parent, "postMessage").mockReturnValue(undefined);
    // Kept from the window, where the tests would hear each other.
    vi.spyOn(window, "addEventListener").mockImplementation((type: string, listener: unknown) => {
      if (type === "message") hear = listener as typeof hear;
    });
    did = [];
    const leave = async (): Promise<void> => void did.push("leaves");
    embed = openEmbed(host, () => did.push("begins anew"), leave);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  function says(message: ToFrame): void {
    hear(new MessageEvent("message", { origin: host, source: window, data: sealed(message) }));
  }

  async function asked(message: ToFrame): Promise<unknown> {
    const answer = embed.handedToken();
    says(message);
    return answer;
  }

  test("the same one again, asked or not, changes nothing", async () => {
    expect(await asked({ type: "token", token: of("U_1") })).toMatchObject({ grant: { uid: "U_1" } });
    says({ type: "token", token: of("U_1") });
    expect(await asked({ type: "token", token: of("U_1") })).toMatchObject({ grant: { uid: "U_1" } });
    expect(did).toEqual([]);
  });
  test("somebody else, not asked for", async () => {
    await asked({ type: "token", token: of("U_1") });
    says({ type: "token", token: of("U_2") });
    expect(did).toEqual(["begins anew"]);
  });
  test("somebody else, as the answer to a question", async () => {
    await asked({ type: "token", token: of("U_1") });
    void embed.handedToken();
    says({ type: "token", token: of("U_2") });
    expect(did).toEqual(["begins anew"]);
  });
  test("nobody any more: a cookie of theirs does not let them in again", async () => {
    await asked({ type: "token", token: of("U_1") });
    says({ type: "token", token: null });
    await vi.runAllTimersAsync();
    expect(did).toEqual(["leaves", "begins anew"]);
  });
  test("what is no token signs nobody out of this browser", async () => {
    await asked({ type: "token", token: of("U_1") });
    says({ type: "token", token: "<h1>500</h1>" });
    await vi.runAllTimersAsync();
    expect(did).toEqual(["begins anew"]);
  });
  test("what is no token, as the answer to a question, is told as such", async () => {
    await asked({ type: "token", token: of("U_1") });
    expect(await asked({ type: "token", token: "<h1>500</h1>" })).toHaveProperty("signedOut");
    expect(did).toEqual([]);
  });
  test("nobody from the start: cookies decide", async () => {
    expect(await asked({ type: "token", token: null })).toBeUndefined();
    says({ type: "token", token: null });
    expect(did).toEqual([]);
  });
  test("a page that could not say, asked or not, ends nothing", async () => {
    await asked({ type: "token", token: of("U_1") });
    says({ type: "token", token: null, failed: true });
    expect(await asked({ type: "token", token: null, failed: true })).toHaveProperty("failed");
    expect(did).toEqual([]);
  });
  test("an answer that comes too late begins anew", async () => {
    const answer = embed.handedToken();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await answer).toHaveProperty("failed");
    says({ type: "token", token: of("U_1") });
    expect(did).toEqual(["begins anew"]);
  });
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
