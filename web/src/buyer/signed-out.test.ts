// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { sealed } from "../protocol/embed.ts";
import { onFreshToken, ownPage, shopPage } from "./signed-out.tsx";

const here = "https://chat.example/chat?product=1";

test.each([
  { name: "from the shop", referrer: "https://shop.example/p/1", want: "https://shop.example/p/1" },
  { name: "from nowhere", referrer: "", want: undefined },
  { name: "from this very page", referrer: "https://chat.example/chat?c=2", want: undefined },
  { name: "from an app", referrer: "android-app://com.example/", want: undefined },
])("the way back to the shop: $name", ({ referrer, want }) => {
  expect(shopPage(referrer, here)).toBe(want);
});

test("the page by itself keeps what it is about", () => {
  const framed = "https://chat.example/chat?product=1&lang=en&embed=https%3A%2F%2Fshop.example";
  expect(ownPage(framed)).toBe("https://chat.example/chat?product=1&lang=en");
});

test("each token that the page gives has the frame begin anew once, and nobody else's does", () => {
  const host = "https://shop.example";
  history.replaceState(null, "", `?embed=${encodeURIComponent(host)}`);
  let times = 0;
  const undo = onFreshToken(() => times++);
  const hear = (data: unknown, origin = host, source: unknown = parent): number => {
    dispatchEvent(new MessageEvent("message", { origin, source: source as never, data }));
    return times;
  };
  const fresh = sealed({ type: "token", token: "head.body.freshly-signed" });
  expect(hear(fresh, "https://evil.example")).toBe(0);
  expect(hear(fresh, host, null)).toBe(0);
  for (const data of [undefined, "token", { ...fresh, haggle: 2 }, { ...fresh, type: "product" }])
    expect(hear(data)).toBe(0);
  for (const token of [null, 7]) expect(hear({ ...fresh, token })).toBe(0);
  expect(hear(fresh)).toBe(1);
  expect(hear(fresh)).toBe(1); // it was refused again
  expect(hear(sealed({ type: "token", token: "head.body.signed-once-more" }))).toBe(2);
  expect(JSON.stringify(sessionStorage)).not.toContain("head.body");
  undo();
  expect(hear(sealed({ type: "token", token: "head.body.another-one" }))).toBe(2);
});
