import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../../client/api.ts";
import { openMessageSearch } from "./message-search.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (seq: number, said: string) => ({
  conversation: "c1",
  seq,
  rev: seq,
  sender: "U_1",
  nonce: `n${seq}`,
  blocks: [{ type: "text", text: said }],
  sent_at: seq,
});
const at = { delivered: 0, read: 0 };
const conversation = {
  id: "c1",
  rev: 1,
  pos: 1,
  buyer: { uid: "U_1" },
  merchant: { uid: "V_1" },
  last_seq: 9,
  unread: 0,
  buyer_at: at,
  merchant_at: at,
  created_at: 1,
  last_at: 1,
};

function open(answers: (query: URLSearchParams) => object) {
  const asked: URLSearchParams[] = [];
  const ask: Client["ask"] = async (request, parse) => {
    const query = new URL(request.path, "http://server").searchParams;
    asked.push(query);
    const answer = answers(query);
    return "code" in answer ? (answer as { code: string; message: string }) : parse(answer);
  };
  const search = openMessageSearch({ ask });
  return { search, asked, said: () => search.found.peek().map((hit) => hit.message.seq) };
}

const page = (seqs: number[], cursor?: string) => ({
  found: seqs.map((seq) => ({ message: message(seq, "x"), conversation })),
  ...(cursor !== undefined && { cursor }),
});

test("asks once the typing rests, and for nothing when there is nothing to search for", async () => {
  const { search, asked, said } = open(() => page([3]));
  search.find("发");
  search.find("发货");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.map((query) => query.get("text"))).toEqual(["发货"]);
  expect(said()).toEqual([3]);
  search.find("  ");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(1);
  expect(search.state.peek()).toBe("idle");
  expect(said()).toEqual([]);
});

test("goes on page by page, and keeps what it has when the list is looked at again", async () => {
  const { search, asked, said } = open((query) => (query.get("cursor") === "7" ? page([2]) : page([3], "7")));
  search.find("mug");
  await vi.advanceTimersByTimeAsync(1_000);
  search.more();
  await vi.advanceTimersByTimeAsync(10);
  search.find("mug ");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said()).toEqual([3, 2]);
  expect(search.hasMore.peek()).toBe(false);
  expect(asked).toHaveLength(2);
});

test("an answer to an older question counts for nothing", async () => {
  let slow: ((answer: object) => void) | undefined;
  const ask: Client["ask"] = (request, parse) =>
    request.path.includes("old")
      ? new Promise((resolve) => {
          slow = (answer) => resolve(parse(answer));
        })
      : Promise.resolve(parse(page([9])));
  const search = openMessageSearch({ ask });
  search.find("old");
  await vi.advanceTimersByTimeAsync(1_000);
  search.find("new");
  await vi.advanceTimersByTimeAsync(1_000);
  slow?.(page([1]));
  await vi.advanceTimersByTimeAsync(10);
  expect(search.found.peek().map((hit) => hit.message.seq)).toEqual([9]);
});

test("a failure is told, and the same search tries again", async () => {
  let broken = true;
  const { search, said } = open(() => (broken ? { code: "unavailable", message: "" } : page([1])));
  search.find("mug");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(search.state.peek()).toBe("failed");
  broken = false;
  search.find("mug");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said()).toEqual([1]);
});

test("one conversation is searched by itself", async () => {
  const { search, asked } = open(() => page([1]));
  search.within.value = { ...conversation };
  search.find("mug");
  await vi.advanceTimersByTimeAsync(1_000);
  search.within.value = undefined;
  search.find("mug");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.map((query) => query.get("conversation"))).toEqual(["c1", null]);
});
