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

test("a window behind leaves to the one in front what that sees to, whoever has the message first", async () => {
  const [front, behind] = channels(2);
  const early = behind?.takenElsewhere(came);
  front?.take(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await early).toBe(true);
  const late = behind?.takenElsewhere(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await late).toBe(true);
});

test("with none in front the first sees to it, and another message is another matter", async () => {
  const [one, other] = channels(2);
  one?.take({ ...came, seq: 6 });
  const answer = other?.takenElsewhere(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await answer).toBe(false);
  other?.take(came);
  const sleepy = one?.takenElsewhere(came);
  await vi.advanceTimersByTimeAsync(patience);
  expect(await sleepy).toBe(true);
});
