import { useEffect } from "preact/hooks";
import type { Desk } from "./desk.ts";
import { focusSearch } from "./list/list-header.tsx";
import { type Command, consoleCommand, entersList } from "./model/keys.ts";

/** The keys that work anywhere in the console. */
export function useShortcuts(desk: Desk): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector("dialog[open], .pswp--open") !== null) return;
      const intoList = isNowhere(event.target, desk) && entersList(event);
      const command = intoList ? "list" : consoleCommand(event, isWriting(event.target));
      if (command !== undefined && run(command, desk)) event.preventDefault();
    };
    // A link dropped where nobody writes would replace the console with itself.
    const refuse = (event: DragEvent) => {
      if (!isWriting(event.target)) event.preventDefault();
    };
    addEventListener("keydown", press);
    addEventListener("dragover", refuse);
    addEventListener("drop", refuse);
    return () => {
      removeEventListener("keydown", press);
      removeEventListener("dragover", refuse);
      removeEventListener("drop", refuse);
    };
  }, [desk]);
}

/** Nothing has the focus and no thread is open, which the arrows might be scrolling. */
function isNowhere(target: EventTarget | null, desk: Desk): boolean {
  return target === document.body && desk.open.value === undefined;
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable]") !== null
  );
}

/** Carries a command out; false where it has no meaning just now. */
function run(command: Command | "list", desk: Desk): boolean {
  switch (command) {
    case "search":
      focusSearch(desk);
      return true;
    case "previous":
      return step(desk, -1);
    case "next":
      return step(desk, 1);
    case "next-unread":
      void desk.openNextUnread();
      return true;
    case "toggle-context":
      if (desk.open.value !== undefined) desk.toggleContext();
      return desk.open.value !== undefined;
    case "help":
      desk.dialog.value = "help";
      return true;
    case "list":
      return focusRow();
    case "back":
      return back(desk);
  }
}

function step(desk: Desk, by: 1 | -1): boolean {
  const rows = desk.client.inbox.rows.value;
  const at = rows.findIndex((row) => row.id === desk.open.value);
  const next = at < 0 ? rows[0] : rows[at + by];
  if (next !== undefined) desk.openAndWrite(next.id);
  return true;
}

/** One step out: the details over the thread, the field, the thread of a stack. */
function back(desk: Desk): boolean {
  if (desk.overlay.value && desk.arrangement.value !== "beside") {
    desk.toggleContext();
    return true;
  }
  if (desk.arrangement.value === "stack") {
    desk.leaveThread();
    return true;
  }
  return focusRow();
}

/** Puts the focus into the list; false if there is no row to take it. */
function focusRow(): boolean {
  const row = document.querySelector<HTMLElement>('.c-row[tabindex="0"]');
  row?.focus();
  return row !== null;
}
