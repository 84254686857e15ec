import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";
import type { MenuItem, MenuProps } from "./menu.tsx";
import type { MenuAnchor } from "./menu-opener.tsx";
import "./menu-list.css";

/** A menu of actions: arrows move, Enter and Space choose, Esc and a click elsewhere close. */
export function MenuList({ items, label, anchor, note, onClose }: MenuProps): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  useDismissal(ref, onClose);
  usePlacement(ref, anchor);
  const choose = (item: MenuItem) => {
    onClose();
    item.run();
  };
  return (
    <div
      class="menu"
      ref={ref}
      role="menu"
      aria-label={label}
      tabIndex={-1}
      onKeyDown={(e) => moveFocus(e, ref.current)}
    >
      {note !== undefined && <div class="menu-note">{note}</div>}
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          {...roleOf(item)}
          class={`menu-item${item.danger ? " danger" : ""}${item.separated ? " separated" : ""}`}
          tabIndex={-1}
          onClick={() => choose(item)}
        >
          {item.icon !== undefined && <Icon name={item.icon} />}
          <span>{item.label}</span>
          {item.checked === true && <Icon name="check" />}
        </button>
      ))}
    </div>
  );
}

function roleOf(item: MenuItem): JSX.HTMLAttributes<HTMLButtonElement> {
  return item.checked === undefined
    ? { role: "menuitem" }
    : { role: "menuitemradio", "aria-checked": item.checked };
}

function moveFocus(event: KeyboardEvent, menu: HTMLElement | null): void {
  const buttons = [...(menu?.querySelectorAll<HTMLElement>("button") ?? [])];
  const at = buttons.findIndex((b) => b === document.activeElement);
  const last = buttons.length - 1;
  const next: Record<string, number> = {
    ArrowDown: at >= last ? 0 : at + 1,
    ArrowUp: at <= 0 ? last : at - 1,
    Home: 0,
    End: last,
  };
  const to = next[event.key];
  if (to === undefined) return;
  event.preventDefault();
  buttons[to]?.focus();
}

function usePlacement(ref: { current: HTMLElement | null }, anchor: MenuAnchor): void {
  useLayoutEffect(() => {
    const menu = ref.current;
    if (menu === null) return;
    const follow = () => place(menu, anchor);
    follow();
    menu.querySelector("button")?.focus({ preventScroll: true });
    addEventListener("resize", follow);
    return () => removeEventListener("resize", follow);
  }, [ref, anchor]);
}

function place(menu: HTMLElement, anchor: MenuAnchor): void {
  const { offsetWidth: width, offsetHeight: height } = menu; // as it will be, while it still grows
  const gap = 6;
  const rightToLeft = getComputedStyle(menu).direction === "rtl";
  const wished = rightToLeft ? anchor.left : anchor.right - width;
  const below = anchor.bottom + gap + height <= innerHeight;
  menu.style.left = `${clamp(wished, 8, innerWidth - width - 8)}px`;
  menu.style.top = `${clamp(below ? anchor.bottom + gap : anchor.top - gap - height, 8, innerHeight - height - 8)}px`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}

function useDismissal(ref: { current: HTMLElement | null }, onClose: () => void): void {
  const close = useRef(onClose);
  close.current = onClose;
  // Taken while rendering first, before the menu takes the focus.
  const [before] = useState(() => document.activeElement);
  // Before the browser paints: whoever sees the menu can close it.
  useLayoutEffect(() => {
    const outside = (event: Event) => {
      if (!(event.target instanceof Node) || !ref.current?.contains(event.target)) close.current();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" && event.key !== "Tab") return;
      event.preventDefault();
      event.stopPropagation();
      close.current();
    };
    // On the next tick, or the very click that opened it would close it.
    const timer = setTimeout(() => document.addEventListener("pointerdown", outside, true), 0);
    document.addEventListener("keydown", key, true);
    // A keyboard that goes, as it does when the menu takes the focus, leaves the width as it is.
    const width = innerWidth;
    const resized = () => innerWidth !== width && close.current();
    addEventListener("resize", resized);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", key, true);
      removeEventListener("resize", resized);
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [ref, before]);
}
