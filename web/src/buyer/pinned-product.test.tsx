// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Product } from "../protocol/body.ts";
import { startLanguage } from "../ui/i18n/language.ts";
import { PinnedProduct } from "./pinned-product.tsx";

const mug = { id: "1001", merchant: "V_7", title: "Celadon mug", kind: "physical" } as Product;
const root = document.createElement("div");

beforeAll(startLanguage);

afterEach(() => {
  render(null, root);
  vi.useRealTimers();
});

function draw(product: Product, blocked: boolean, onSend: () => void): HTMLButtonElement {
  document.body.append(root);
  void act(() => render(<PinnedProduct product={product} blocked={blocked} onSend={onSend} />, root));
  const button = root.querySelector<HTMLButtonElement>("button.product-send");
  if (button === null) throw new Error("no button");
  return button;
}

test("a second tap in a hurry sends nothing, and the button never claims that it was sent", () => {
  vi.useFakeTimers();
  const onSend = vi.fn();
  const button = draw(mug, false, onSend);
  const before = button.textContent;
  button.focus();
  void act(() => button.click());
  expect(button.disabled, "it would lose the focus").toBe(false);
  void act(() => button.click());
  expect(onSend).toHaveBeenCalledOnce();
  expect(button.textContent).toBe(before);
  void act(() => void vi.advanceTimersByTime(2000));
  void act(() => button.click());
  expect(onSend).toHaveBeenCalledTimes(2);
});

test.each([
  { name: "one side has blocked", product: mug, blocked: true },
  { name: "the product is gone", product: { ...mug, deleted: true }, blocked: false },
])("no link can be sent where $name", ({ product, blocked }) => {
  const onSend = vi.fn();
  const button = draw(product, blocked, onSend);
  expect(button.disabled).toBe(true);
  button.click();
  expect(onSend).not.toHaveBeenCalled();
});
