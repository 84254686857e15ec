// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { Dialog } from "./dialog.tsx";
import { loadWords, startLanguage } from "./i18n/language.ts";

const root = document.createElement("div");
document.body.append(root);

beforeAll(async () => {
  await startLanguage();
  await loadWords();
});

afterEach(() => render(null, root));

/** Opens a dialog with a field, and returns what says that a pointer goes down on something and comes up beside it. */
function opened(onClose: () => void): (down: string) => void {
  void act(() =>
    render(
      <Dialog title="Report" onClose={onClose}>
        <textarea />
      </Dialog>,
      root,
    ),
  );
  return (down) => {
    root.querySelector(down)?.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    root.querySelector("dialog")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  };
}

test("marking text beyond the edge of a dialog does not close it, pressing beside it does", () => {
  const onClose = vi.fn();
  const press = opened(onClose);
  press("textarea");
  expect(onClose).not.toHaveBeenCalled();
  press("dialog");
  expect(onClose).toHaveBeenCalledOnce();
});
