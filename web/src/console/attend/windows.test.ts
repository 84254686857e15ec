import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openWindows, patience, type Windows } from "./windows.ts";

const open: Windows[] = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const windows of open.splice(0)) windows.dispose();
  vi.useRealTimers();
});

/** A channel that delivers at once, to all but who spoke. */
function channels(count: number): Windows[] {
  const all = Array.from({ length: count }, () => new EventTarget());
  return all.map((target) => {
    const channel = Object.assign(target, {
      postMessage: (data: unknown) => {
        for (const other of all)
          if (other !== target) other.dispatchEvent(new MessageEvent("message", { data }));
      },
      close: () => undefined,
    });
    const windows = openWindows(channel as unknown as BroadcastChannel);
    open.push(windows);
    return windows;
  });
}

const came = { conversation: "c1", seq: 7 };

test("a window behind learns what the one in front sees, whoever has the message first", async () => {
  const [front, behind] = channels(2);
  const early = behind?.inFront(came);
  front?.seen(came, true);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await early).toEqual({ looking: true });
  const late = behind?.inFront(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await late).toEqual({ looking: true });
});

test("what another message's window says counts for nothing, and silence means nobody is in front", async () => {
  const [front, behind] = channels(2);
  front?.seen({ ...came, seq: 6 }, true);
  const answer = behind?.inFront(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await answer).toBeUndefined();
});
