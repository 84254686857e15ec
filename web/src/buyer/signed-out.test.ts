import { expect, test } from "vitest";
import { ownPage, shopPage } from "./signed-out.tsx";

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
