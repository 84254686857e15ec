// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { showToast, Toasts } from "./toast.tsx";

const root = document.createElement("div");

afterEach(() => {
  render(null, root);
  vi.useRealTimers();
});

const passes = (ms: number) => act(() => void vi.advanceTimersByTime(ms));

test("what can be undone waits for who has the focus on Undo, and then goes", async () => {
  vi.useFakeTimers();
  document.body.append(root);
  void act(() => render(<Toasts />, root));
  void act(() => showToast("Deleted", { label: "Undo", run: () => undefined }));
  const undo = () => root.querySelector("button");
  undo()?.focus();
  await passes(12_000);
  expect(undo()?.textContent).toBe("Undo");
  undo()?.blur();
  await passes(5_000);
  expect(undo()).toBeNull();
});
