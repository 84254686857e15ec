// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Arrival } from "../../client/api.ts";
import type { Conversation, Message } from "../../protocol/body.ts";
import { loadWords } from "../../ui/i18n/language.ts";
import type { Desk } from "../desk.ts";
import { attend } from "./attend.ts";
import type { Bell } from "./bell.ts";
import { patience } from "./windows.ts";

const notices: string[] = [];
let stop: (() => void) | undefined;

beforeEach(async () => {
  await loadWords();
  vi.useFakeTimers();
  notices.length = 0;
  class Notice {
    static permission = "granted";
    constructor(title: string) {
      notices.push(title);
    }
  }
  vi.stubGlobal("Notification", Notice);
  const request = (_name: string, _options: object, hold: (lock: object) => unknown) => hold({});
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
});

afterEach(() => {
  stop?.();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const message: Message = {
  conversation: "c1",
  seq: 7,
  rev: 7,
  sender: "U_1",
  nonce: "n",
  blocks: [{ type: "text", text: "?" }],
  sent_at: 0,
};
const conversation = (muted: boolean) =>
  ({ id: "c1", buyer: { uid: "U_1", name: "Lin" }, muted }) as Conversation;

/** A console with no conversation listed, to which a message comes of one that is asked for. */
function hears(focused: boolean) {
  vi.spyOn(document, "hasFocus").mockReturnValue(focused);
  const asked = signal<Conversation | undefined>(undefined);
  let arrives: (arrival: Arrival) => void = () => undefined;
  const desk = {
    client: {
      unread: signal({ conversations: 0, messages: 0 }),
      inbox: { rows: signal([]) },
      thread: () => ({ conversation: asked }),
      onArrival: (listener: typeof arrives) => {
        arrives = listener;
        return () => undefined;
      },
    },
    open: signal("c2"),
    prefs: { prefs: signal({ sound: true, notices: true, badge: true }) },
  } as object;
  const ring = vi.fn();
  stop = attend(desk as Desk, { ring } as object as Bell);
  arrives({ message, conversation: undefined });
  return { ring, asked };
}

test("a message of a muted conversation that the list has not come to calls nobody", async () => {
  for (const focused of [true, false]) {
    const { ring, asked } = hears(focused);
    await vi.advanceTimersByTimeAsync(patience + 100);
    asked.value = conversation(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ring).not.toHaveBeenCalled();
    expect(notices).toEqual([]);
    stop?.();
  }
});

test("one that is not muted calls as soon as that is known, by the buyer's name", async () => {
  const { ring, asked } = hears(false);
  await vi.advanceTimersByTimeAsync(patience + 100);
  expect([ring.mock.calls.length, notices]).toEqual([0, []]);
  asked.value = conversation(false);
  await vi.advanceTimersByTimeAsync(0);
  expect([ring.mock.calls.length, notices]).toEqual([1, ["Lin"]]);
});

test("nobody waits for ever to be called, though nothing comes to be known", async () => {
  const { ring } = hears(true);
  await vi.advanceTimersByTimeAsync(1_900);
  expect(ring).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(ring).toHaveBeenCalledOnce();
});
