import type { JSX } from "preact";
import type { Client, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "../ui/avatar.tsx";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { goTo } from "./route.ts";

export type ChatHeadProps = {
  client: Client;
  thread: Thread;
  peer: Participant | undefined;
  wide: boolean;
  menu(): readonly MenuItem[];
};

/** Whom one talks to, and whether they are there. */
export function ChatHead({ client, thread, peer, wide, menu }: ChatHeadProps): JSX.Element {
  const online = peer !== undefined && client.presence(peer.uid).value === "online";
  return (
    <header class="chat-head">
      {!wide && (
        <button
          type="button"
          class="icon-button"
          aria-label={words().page.toInbox}
          onClick={() => goTo({ kind: "inbox" })}
        >
          <Icon name="back" />
        </button>
      )}
      <Avatar of={peer} online={online} />
      <div class="chat-who">
        <h1 class="truncate foreign">{peer?.name ?? words().app.seller}</h1>
        <State client={client} thread={thread} peer={peer} />
      </div>
      <MenuButton label={words().menu.open} items={menu} />
    </header>
  );
}

/** Says what is known: typing, online, offline; nothing where nobody knows. */
function State({
  client,
  thread,
  peer,
}: Pick<ChatHeadProps, "client" | "thread" | "peer">): JSX.Element | null {
  const text = words().presence;
  if (client.connection.value.kind !== "online" || peer === undefined) return null;
  if (thread.peerTyping.value !== undefined) return <p class="chat-state typing-now">{text.typing}</p>;
  const presence = client.presence(peer.uid).value;
  if (presence === "unknown") return null;
  return <p class="chat-state">{presence === "online" ? text.online : text.offline}</p>;
}
