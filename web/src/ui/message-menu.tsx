import type { JSX } from "preact";
import type { Entry, Thread } from "../client/api.ts";
import { words } from "./i18n/language.ts";
import { MenuList } from "./menu-list.tsx";
import type { MenuAnchor } from "./menu-opener.tsx";
import { entryActions } from "./message-actions.ts";

export type MessageMenuProps = {
  entry: Entry;
  thread: Thread;
  recallMs: number;
  onReport: ((seq: number) => void) | undefined;
  note: string;
  anchor: MenuAnchor;
  onClose(): void;
};

/** What can be done with one message. */
export function MessageMenu(props: MessageMenuProps): JSX.Element {
  const { entry, thread, recallMs, onReport, note, anchor, onClose } = props;
  return (
    <MenuList
      label={words().message.actions}
      note={note}
      anchor={anchor}
      items={entryActions(entry, thread, recallMs, onReport)}
      onClose={onClose}
    />
  );
}
