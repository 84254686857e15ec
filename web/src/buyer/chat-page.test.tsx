// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Client, ConnectionState, Failure, ThreadAbout } from "../client/api.ts";
import { loadWords, startLanguage } from "../ui/i18n/language.ts";
import { seller, testThread } from "../ui/test-thread.ts";
import { ChatPage } from "./chat-page.tsx";
import { followComebacks } from "./comebacks.ts";
import { openings } from "./in-frame.ts";

const root = document.createElement("div");
const { thread } = testThread([]);
const mug = {
  id: "P_1",
  merchant: seller.uid,
  title: "Mug",
  amount: 1_000,
  currency: "CNY",
  kind: "physical" as const,
};
const minute = 60_000;
const offline: Failure = { code: "offline", message: "no network" };

const connection = signal<ConnectionState>({ kind: "online" });
let answers: (ThreadAbout | Failure)[];
let asked: number;
let end: () => void;

beforeAll(async () => {
  await startLanguage();
  await loadWords();
  await import("./closed-line.tsx");
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  connection.value = { kind: "online" };
  asked = 0;
});

afterEach(() => {
  end();
  render(null, root);
  vi.useRealTimers();
});

/** What the server says of the shop and the mug. */
const says = (more: Partial<ThreadAbout>): ThreadAbout => ({
  thread,
  product: mug,
  merchant: seller,
  ...more,
});

/** Opens the chat about the mug; the last answer is given for good. */
async function open(...first: (ThreadAbout | Failure)[]): Promise<void> {
  answers = first;
  const client = {
    connection,
    me: signal(undefined),
    presence: () => signal("offline"),
    threadAbout: async () => {
      asked++;
      return answers.length > 1 ? answers.shift() : answers[0];
    },
  } as object as Client;
  document.body.append(root);
  await act(() =>
    render(<ChatPage client={client} route={{ kind: "product", id: mug.id }} wide={false} />, root),
  );
  end = followComebacks(client);
  await passes(0);
}

const passes = (ms: number) =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(ms);
  });
const does = async (what: () => void) => {
  await act(() => what());
  await passes(0);
};

const comesBack: Record<string, () => void> = {
  "opens the chat again": () => {
    openings.value++;
  },
  "looks at the page again": () => document.dispatchEvent(new Event("visibilitychange")),
  "has a connection again": () => {
    connection.value = { kind: "offline", since: 0, retryAt: undefined, held: false };
    connection.value = { kind: "online" };
  },
};

test.each(Object.entries(comesBack))("who %s sees the price and the hours of now", async (_, back) => {
  await open(says({ replies_within_ms: 5 * minute }));
  expect(root.textContent).toContain("¥10.00");
  expect(root.textContent).toContain("Usually replies in 5 minutes");
  answers = [says({ product: { ...mug, amount: 1_200 }, closed: {} })];
  await passes(2 * minute);
  await does(back);
  await vi.waitFor(() => expect(root.querySelector(".notice")?.textContent).toContain("The seller is away"));
  expect(root.textContent).toContain("¥12.00");
  expect(root.textContent).not.toContain("Usually replies");
});

test("what cannot be asked for again stays as it was, and what was asked lately is not", async () => {
  await open(says({}));
  await does(() => openings.value++);
  expect(asked).toBe(1);
  answers = [offline];
  await passes(2 * minute);
  await does(() => openings.value++);
  expect(asked).toBe(2);
  expect(root.textContent).toContain("¥10.00");
});

test("a shop that was closed is not said to be once its time has come, though nobody can be asked", async () => {
  await open(says({ closed: { until: Date.now() + minute } }), offline);
  await vi.waitFor(() => expect(root.querySelector(".notice")?.textContent).toContain("The seller is away"));
  await passes(minute + 100);
  expect(root.querySelector(".notice")).toBeNull();
});
