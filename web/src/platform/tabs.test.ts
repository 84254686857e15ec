import { expect, test, vi } from "vitest";
import { browserLead } from "./tabs.ts";

type Request = (name: string, options: { signal: AbortSignal }, granted: () => unknown) => Promise<unknown>;

function locks(request: Request): LockManager {
  return { request, query: async () => ({}) } as unknown as LockManager;
}

test("a page that is refused locks, as a frame on another site's may be, sends by itself and at once", async () => {
  const leading = vi.fn();
  browserLead(locks(async () => Promise.reject(new DOMException("denied", "SecurityError"))))(
    "outbox",
    leading,
  );
  await vi.waitFor(() => expect(leading).toHaveBeenCalledOnce());
});

test("who gives up its wish to lead never leads", async () => {
  const leading = vi.fn();
  const end = browserLead(
    locks(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    ),
  )("outbox", leading);
  end();
  await Promise.resolve();
  await Promise.resolve();
  expect(leading).not.toHaveBeenCalled();
});

test("one leads when the browser says so", async () => {
  const leading = vi.fn();
  const end = browserLead(locks(async (_, __, granted) => granted()))("outbox", leading);
  expect(leading).toHaveBeenCalledOnce();
  end();
});
