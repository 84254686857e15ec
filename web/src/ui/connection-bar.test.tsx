// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { ConnectionBar } from "./connection-bar.tsx";
import { startLanguage } from "./i18n/language.ts";

const root = document.createElement("div");

beforeAll(startLanguage);

afterEach(() => render(null, root));

/** Draws the bar of somebody without a connection, and returns what can be pressed in it. */
function offline(held: boolean, onRetry: () => void): HTMLButtonElement | null {
  const retryAt = Date.now() + 60_000;
  void act(() =>
    render(<ConnectionBar state={{ kind: "offline", since: 0, retryAt, held }} onRetry={onRetry} />, root),
  );
  return root.querySelector("button");
}

test("who would not wait tries at once", () => {
  const tried = vi.fn();
  offline(false, tried)?.click();
  expect(tried).toHaveBeenCalledOnce();
});

test("where the server said when to come back, that is shown, and nothing that would do nothing", () => {
  expect(offline(true, () => undefined)).toBeNull();
  expect(root.textContent).toMatch(/in \d+ s/);
});
