// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { Client } from "../client/api.ts";
import type { FromFrame } from "../protocol/embed.ts";
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
