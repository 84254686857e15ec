import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../../client/api.ts";
import { openProductSearch } from "./product-search.ts";

type Asked = { path: string; answer(page: unknown): void };

function server() {
  const asked: Asked[] = [];
  const ask: Client["ask"] = ({ path }, parse) =>
    new Promise((resolve) => {
      asked.push({
        path,
        answer: (page) =>
          resolve((page as { code?: string }).code === undefined ? parse(page) : (page as never)),
      });
    });
  return { asked, search: openProductSearch({ ask }) };
}

const product = (id: string) => ({
  id,
  merchant: "V_1",
  title: id,
  amount: 1,
  currency: "CNY",
  kind: "virtual",
});
const ids = (search: ReturnType<typeof server>["search"]) => search.products.value.map(({ id }) => id);
const settle = () => vi.advanceTimersByTimeAsync(200);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("asks once somebody stops typing", async () => {
  const { asked, search } = server();
  for (const text of ["m", "mu", "mug "]) search.find(text);
  await settle();
  expect(asked.map(({ path }) => path)).toEqual(["/v1/products?limit=30&search=mug"]);
});

test("an answer to an older question does not replace that to the newest", async () => {
  const { asked, search } = server();
  search.find("a");
  await settle();
  search.find("b");
  await settle();
  asked[1]?.answer({ products: [product("b")] });
  asked[0]?.answer({ products: [product("a")] });
  await settle();
  expect(ids(search)).toEqual(["b"]);
});

test("the next page goes after the one before", async () => {
  const { asked, search } = server();
  search.find("");
  await settle();
  asked[0]?.answer({ products: [product("1")], cursor: "1" });
  await settle();
  expect(search.hasMore.value).toBe(true);
  search.more();
  search.more(); // one at a time
  asked[1]?.answer({ products: [product("2")] });
  await settle();
  expect([asked.length, ids(search), search.hasMore.value]).toEqual([2, ["1", "2"], false]);
});

test("what went wrong is told, and what was there stays", async () => {
  const { asked, search } = server();
  search.find("");
  await settle();
  asked[0]?.answer({ products: [product("1")] });
  await settle();
  search.find("x");
  await settle();
  asked[1]?.answer({ code: "offline", message: "" });
  await settle();
  expect([search.state.value, search.failure.value?.code, ids(search)]).toEqual(["failed", "offline", ["1"]]);
});
