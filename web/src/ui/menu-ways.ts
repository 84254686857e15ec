/** The ways to a message's menu that are not its button: a long press, a right click, and the keys for menus. */
import { longPress } from "./long-press.ts";
import type { MenuAnchor } from "./menu-opener.tsx";

type Open = (key: string, anchor: MenuAnchor) => void;

/** One finger at a time. */
const press = longPress();

/** Hears what happens in a thread, and opens the menu of the message that it is meant for. */
export function hearForMenu(event: Event, open: Open): void {
  const { target } = event;
  if (!(target instanceof Element)) return;
  const message = target.closest<HTMLElement>("[data-key]");
  const body = message?.querySelector(".bubble-box");
  const key = message?.dataset["key"];
  if (key === undefined || body == null) return;
  const show = () => open(key, body.getBoundingClientRect());
  if (event instanceof KeyboardEvent) {
    if (target !== message || !opensMenu(event)) return;
    event.preventDefault();
    show();
  } else if (body.contains(target) && !keepsOwnMenu(event, target)) press(event, show);
}

function opensMenu(event: KeyboardEvent): boolean {
  return (
    event.key === "Enter" ||
    event.key === " " ||
    event.key === "ContextMenu" ||
    (event.shiftKey && event.key === "F10")
  );
}

/** A link or a selection keeps the browser's own. */
function keepsOwnMenu(event: Event, target: Element): boolean {
  if (event.type !== "contextmenu") return false;
  return target.closest("a") !== null || getSelection()?.isCollapsed === false;
}
