import type { JSX } from "preact";
import type { Client, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "../ui/avatar.tsx";
import { FirstIcon } from "../ui/first-icon.tsx";
import { firstWords } from "../ui/i18n/language.ts";
import { later } from "../ui/later.ts";
import { lazy } from "../ui/lazy.tsx";
import { MenuOpener } from "../ui/menu-opener.tsx";
import type { Asking } from "./asking.tsx";
import type { ChatMenuProps } from "./chat-menu.tsx";
import { goTo } from "./route.ts";

const loadMenu = later(() => import("./chat-menu.tsx"));
const ChatMenu = lazy<ChatMenuProps>(async () => (await loadMenu()).ChatMenu);

export type ChatHeadProps = {
  client: Client;
  thread: Thread;
  peer: Participant | undefined;
  wide: boolean;
  onAsk(what: Asking): void;
};

/** Whom one talks to, and whether they are there. */
export function ChatHead({ client, thread, peer, wide, onAsk }: ChatHeadProps): JSX.Element {
  const online = peer !== undefined && client.presence(peer.uid).value === "online";
  return (
    <header class="chat-head">
      {!wide && (
        <button
          type="button"
          class="icon-button"
          aria-label={firstWords().page.toInbox}
          onClick={() => goTo({ kind: "inbox" })}
        >
          <FirstIcon name="back" />
        </button>
      )}
      <Avatar of={peer} online={online} />
      <div class="chat-who">
        <h1 class="truncate foreign">{peer?.name ?? firstWords().app.seller}</h1>
        <State client={client} thread={thread} peer={peer} />
      </div>
      <MenuOpener label={firstWords().menu.open} icon={<FirstIcon name="more" />}>
        {(anchor, onClose) => (
          <ChatMenu client={client} thread={thread} anchor={anchor} onAsk={onAsk} onClose={onClose} />
        )}
      </MenuOpener>
    </header>
  );
}

/** Says what is known: typing, online, offline; nothing where nobody knows. */
function State({
  client,
  thread,
  peer,
}: Pick<ChatHeadProps, "client" | "thread" | "peer">): JSX.Element | null {
  const text = firstWords().presence;
  if (client.connection.value.kind !== "online" || peer === undefined) return null;
  if (thread.peerTyping.value !== undefined) return <p class="chat-state typing-now">{text.typing}</p>;
  const presence = client.presence(peer.uid).value;
  if (presence === "unknown") return null;
  return <p class="chat-state">{presence === "online" ? text.online : text.offline}</p>;
}
