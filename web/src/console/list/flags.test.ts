// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeDevice } from "../../client/testing-server.ts";
import { Stage, text } from "../../client/testing-stage.ts";
import { loadWords } from "../../ui/i18n/language.ts";
import type { Desk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { flagItems } from "./flags.ts";

let stage: Stage;

beforeEach(async () => {
  await loadWords();
  stage = new Stage();
});
afterEach(() => {
  stage.end();
  vi.useRealTimers();
});

/** A seller at the thread of a buyer who has written once. */
async function seated() {
  const { server, clock } = stage;
  server.store("U_1", { product: "1", nonce: "n", blocks: text("hello?") });
  const client = stage.started(new FakeDevice(server, "V_1"));
  await clock.pass(1_000);
  const thread = client.thread("c1");
  stage.look(thread);
  await clock.pass(1_000);
  const marked = () => server.conversations.get("c1")?.flags.merchant.marked === true;
  const ask = async (request: { method: string; path: string }) => {
    expect(request).toEqual({ method: "PUT", path: "/v1/conversations/c1/mark" });
    server.setFlag("c1", "merchant", "marked", true);
    return {};
  };
  const desk = {
    client: { thread: (id: string) => client.thread(id), ask },
    open: signal<string | undefined>("c1"),
    leaveThread: () => undefined,
  } as object as Desk;
  const markUnread = () => {
    const now = thread.conversation.peek();
    const label = consoleWords().list.markUnread;
    const item = now === undefined ? undefined : flagItems(desk, now).find((one) => one.label === label);
    item?.run();
    return item !== undefined;
  };
  return { clock, server, thread, marked, markUnread };
}

test("what is marked as unread right after it was read stays marked, and read it is for the buyer", async () => {
  const { clock, server, thread, marked, markUnread } = await seated();
  thread.markRead(1);
  expect(markUnread()).toBe(true);
  await clock.pass(5_000);
  expect(marked()).toBe(true);
  expect(server.conversations.get("c1")?.at.merchant.read).toBe(1);
});

test("where nothing has to be told first, it is marked at once", async () => {
  const { clock, thread, marked, markUnread } = await seated();
  thread.markRead(1);
  await clock.pass(1_000);
  expect(marked()).toBe(false);
  expect(markUnread()).toBe(true);
  await clock.pass(0);
  expect(marked()).toBe(true);
});

test("a server that does not come to know what was read is not waited for long", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { clock, server, thread, marked, markUnread } = await seated();
  server.loseAnswer = (frame) => "read" in frame;
  server.mark = () => undefined;
  thread.markRead(1);
  markUnread();
  await clock.pass(2_000);
  expect(marked()).toBe(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(marked()).toBe(true);
});
