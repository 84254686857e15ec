import { expect, test } from "vitest";
import { parseRoute, type Route, searchOf } from "./route.ts";

test.each<{ search: string; want: Route }>([
  { search: "", want: { kind: "inbox" } },
  { search: "?product=1001", want: { kind: "product", id: "1001" } },
  { search: "?product=", want: { kind: "inbox" } },
  { search: "?product=a%26b&lang=zh", want: { kind: "product", id: "a&b" } },
  { search: "?c=abc&product=1001", want: { kind: "conversation", id: "abc" } },
])("$search", ({ search, want }) => {
  expect(parseRoute(search)).toEqual(want);
  expect(parseRoute(searchOf(want))).toEqual(want);
});
