// @vitest-environment happy-dom
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { MenuList } from "./menu-list.tsx";

test("Esc closes a menu from the moment it has the focus", () => {
  const onClose = vi.fn();
  const anchor = { left: 0, right: 10, top: 0, bottom: 10 };
  render(
    <MenuList items={[{ label: "Copy", run: () => {} }]} label="Actions" anchor={anchor} onClose={onClose} />,
    document.body,
  );
  expect(document.activeElement?.textContent).toBe("Copy");
  // At once: what listens only after the next paint misses a quick hand.
  document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  expect(onClose).toHaveBeenCalledOnce();
  render(null, document.body);
});
