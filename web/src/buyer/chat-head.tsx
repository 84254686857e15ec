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
  /** The shop usually replies within so many milliseconds. */
  replies: number | undefined;
  wide: boolean;
  onAsk(what: Asking): void;
};

/** Whom one talks to, and whether they are there. */
export function ChatHead(props: ChatHeadProps): JSX.Element {
  const { client, thread, peer, wide, onAsk } = props;
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
        <div class="chat-name">
          <h1 class="truncate foreign">{peer?.name ?? firstWords().app.seller}</h1>
          {/* Said by the server and drawn by the page: whoever takes a shop's name has no such badge. */}
          {peer?.name && (
            <span class="chat-badge" title={firstWords().app.seller}>
              <FirstIcon name="bag" />
              <span class="visually-hidden">{firstWords().app.seller}</span>
            </span>
          )}
        </div>
        <State {...props} />
      </div>
      <MenuOpener label={firstWords().menu.open} icon={<FirstIcon name="more" />}>
        {(anchor, onClose) => (
          <ChatMenu client={client} thread={thread} anchor={anchor} onAsk={onAsk} onClose={onClose} />
        )}
      </MenuOpener>
    </header>
  );
}

/** Says what is known: typing, online, how soon one may hope for an answer, offline; nothing where nobody knows. */
function State({ client, thread, peer, replies }: ChatHeadProps): JSX.Element | null {
  const text = firstWords().presence;
  if (client.connection.value.kind !== "online" || peer === undefined) return null;
  if (thread.peerTyping.value !== undefined) return <p class="chat-state typing-now">{text.typing}</p>;
  const presence = client.presence(peer.uid).value;
  const later =
    replies === undefined ? presence !== "unknown" && text.offline : text.replies(replies / 60_000);
  const says = presence === "online" ? text.online : later;
  return says === false ? null : <p class="chat-state truncate">{says}</p>;
}
