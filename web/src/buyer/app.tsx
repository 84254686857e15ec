import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Client } from "../client/api.ts";
import { FirstIcon } from "../ui/first-icon.tsx";
import { firstWords } from "../ui/i18n/language.ts";
import { later, shown, useLater } from "../ui/later.ts";
import { lazy, sayNotLoaded } from "../ui/lazy.tsx";
import { Toasts } from "../ui/toast.tsx";
import { ChatPage } from "./chat-page.tsx";
import type { Embed } from "./embed.ts";
import { route } from "./route.ts";

// On a phone a thread needs no list, and nobody expects to be signed out.
const loadInbox = later(() => import("./inbox-pane.tsx"));
const InboxPane = lazy<{ client: Client }>(async () => (await loadInbox()).InboxPane, InboxPlace);
const NoneOpen = lazy<object>(
  async () => (await loadInbox()).NoneOpen,
  () => <main class="chat" />,
);
const SignedOut = lazy<{ code: string; embed: Embed | undefined }>(
  async () => (await import("./signed-out.tsx")).SignedOut,
);

/** The buyer's app: a thread, and beside it, or behind it on a phone, all of the buyer's threads. */
export function App({ client, embed }: { client: Client; embed: Embed | undefined }): JSX.Element {
  useStuck(client);
  const wide = useWide();
  const connection = client.connection.value;
  const at = route.value;
  useLater(at.kind === "inbox" && connection.kind === "online");
  if (connection.kind === "signed_out") {
    return (
      <div class={embed === undefined ? "" : "embedded"}>
        <SignedOut code={connection.code} embed={embed} />
        <CloseButton embed={embed} />
      </div>
    );
  }
  // The conversation comes first, the list beside it has its place until then.
  const list = at.kind === "inbox" || (wide && shown.value);
  useEffect(() => {
    if (list) client.loadInbox().catch(sayNotLoaded);
  }, [client, list]);
  return (
    <>
      <div class={["app", wide && "wide", embed && "embedded"].filter(Boolean).join(" ")}>
        {list && client.lists.value ? <InboxPane client={client} /> : (list || wide) && <InboxPlace />}
        {at.kind !== "inbox" && (
          <ChatPage key={`${at.kind}/${at.id}`} client={client} route={at} wide={wide} />
        )}
        {at.kind === "inbox" && wide && <NoneOpen />}
        <CloseButton embed={embed} />
      </div>
      <Toasts />
    </>
  );
}

function InboxPlace(): JSX.Element {
  return <div class="inbox" />;
}

/** In a frame the way back to the shop's page is in the same corner of every screen. */
function CloseButton({ embed }: { embed: Embed | undefined }): JSX.Element | null {
  if (embed === undefined) return null;
  return (
    <button
      type="button"
      class="icon-button embed-close"
      aria-label={firstWords().app.close}
      onClick={embed.close}
    >
      <FirstIcon name="close" />
    </button>
  );
}

const wideQuery = "(min-width: 900px)";

function useWide(): boolean {
  const [wide, setWide] = useState(() => matchMedia(wideQuery).matches);
  useEffect(() => {
    const query = matchMedia(wideQuery);
    const follow = () => setWide(query.matches);
    query.addEventListener("change", follow);
    return () => query.removeEventListener("change", follow);
  }, []);
  return wide;
}

/** Who has written something that cannot be sent is told so. */
function useStuck(client: Client): void {
  const stuck = client.stuck.value;
  useEffect(() => {
    if (stuck) sayNotLoaded();
  }, [stuck]);
}
