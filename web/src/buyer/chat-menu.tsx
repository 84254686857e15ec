import type { JSX } from "preact";
import type { Client, Thread } from "../client/api.ts";
import { words } from "../ui/i18n/language.ts";
import type { MenuItem } from "../ui/menu.tsx";
import { MenuList } from "../ui/menu-list.tsx";
import type { MenuAnchor } from "../ui/menu-opener.tsx";
import { appMenu } from "./app-menu.ts";
import type { Asking } from "./asking.tsx";
import { unblock } from "./unblock.ts";

export type ChatMenuProps = {
  client: Client;
  thread: Thread;
  anchor: MenuAnchor;
  onAsk(what: Asking): void;
  onClose(): void;
};

/** What can be done with a thread, and with the app. */
export function ChatMenu({ client, thread, anchor, onAsk, onClose }: ChatMenuProps): JSX.Element {
  return (
    <MenuList
      label={words().menu.open}
      items={[...threadMenu(thread, onAsk), ...appMenu(client)]}
      anchor={anchor}
      onClose={onClose}
    />
  );
}

function threadMenu(thread: Thread, ask: (what: Asking) => void): MenuItem[] {
  const conversation = thread.conversation.value;
  if (conversation === undefined) return []; // nobody has said anything yet
  const text = words().menu;
  const blocked = conversation.buyer_at.blocked === true;
  return [
    blocked
      ? { label: text.unblock, icon: "block", run: () => void unblock(thread) }
      : { label: text.block, icon: "block", run: () => ask({ what: "block" }) },
    { label: text.report, icon: "flag", run: () => ask({ what: "report", seq: undefined }) },
  ];
}
