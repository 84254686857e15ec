// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Client } from "../client/api.ts";
import type { Conversation } from "../protocol/body.ts";
import type { FromFrame } from "../protocol/embed.ts";
import { loadWords, startLanguage } from "../ui/i18n/language.ts";
import { attend } from "./embed-news.ts";

test("what the shop pushes is told to the page around the chat, until it is left", () => {
  const listeners = new Set<(payload: unknown) => void>();
  const client = {
    me: signal(undefined),
    inbox: { rows: signal([]) },
    unread: signal({ messages: 0 }),
    onArrival: () => () => undefined,
    onPush: (listener: (payload: unknown) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as Client;
  const told: FromFrame[] = [];
  const undo = attend(client, signal(true), (message) => told.push(message));
  for (const listener of listeners) listener({ order: "A-17" });
  undo();
  expect(told).toEqual([{ type: "push", payload: { order: "A-17" } }]);
  expect(listeners.size).toBe(0);
});

beforeAll(async () => {
  await startLanguage();
  await loadWords();
});
afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

/** A row of the list; `last` is who said its last message. */
const row = (id: string, unread: number, last: "V_1" | "U_1", rest: Partial<Conversation> = {}) =>
  ({
    id,
    unread,
    buyer: { uid: "U_1" },
    merchant: { uid: "V_1", name: `Seller of ${id}` },
    last: { conversation: id, seq: 7, sender: last, blocks: [{ type: "text", text: `Last of ${id}` }] },
    ...rest,
  }) as unknown as Conversation;

/** What a page of the shop is told to show when it comes to these rows. */
function peeksOf(rows: readonly Conversation[], isShown = false): string[] {
  const listed = signal<readonly Conversation[]>([]); // they come a moment later
  const total = rows.reduce((sum, { unread, muted }) => sum + (muted === true ? 0 : unread), 0);
  const client = {
    me: signal({}),
    inbox: { rows: listed },
    unread: signal({ messages: total }),
    onArrival: () => () => undefined,
    onPush: () => () => undefined,
  } as unknown as Client;
  const peeks: string[] = [];
  const undo = attend(client, signal(isShown), (message) => {
    if (message.type === "unread" && message.peek !== undefined)
      peeks.push(`${message.peek.name}: ${message.peek.text}`);
  });
  listed.value = rows;
  listed.value = [...rows]; // as at any change of the list
  undo();
  return peeks;
}

test("what came while the buyer was between two pages is shown on the next one, and not on every one after", () => {
  const rows = [row("new", 1, "V_1"), row("old", 2, "V_1")];
  expect(peeksOf(rows)).toEqual(["Seller of new: Last of new"]);
  expect(peeksOf(rows)).toEqual([]);
  expect(peeksOf([row("newer", 1, "V_1"), ...rows])).toEqual(["Seller of newer: Last of newer"]);
});

test.each([
  { name: "everything is read", rows: [row("a", 0, "V_1")] },
  { name: "the last word is the buyer's own", rows: [row("a", 1, "U_1")] },
  { name: "the conversation is muted", rows: [row("a", 1, "V_1", { muted: true }), row("b", 0, "V_1")] },
  { name: "the chat is open", rows: [row("a", 1, "V_1")], isShown: true },
  { name: "there is none", rows: [] },
])("nothing is shown where $name", ({ rows, isShown }) => {
  expect(peeksOf(rows, isShown)).toEqual([]);
});

test("nothing is shown over and over where the browser keeps nothing", () => {
  vi.stubGlobal("sessionStorage", {
    getItem: () => {
      throw new Error("refused");
    },
  });
  expect(peeksOf([row("a", 1, "V_1")])).toEqual([]);
});
