import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Client, Failure, Picture, Piece, Thread } from "../client/api.ts";
import type { Closed, Limits, Participant, Product } from "../protocol/body.ts";
import { Composer } from "../ui/composer.tsx";
import { ConnectionBar } from "../ui/connection-bar.tsx";
import { useDraft } from "../ui/draft.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FirstIcon } from "../ui/first-icon.tsx";
import { firstWords, language } from "../ui/i18n/language.ts";
import { later, useLater } from "../ui/later.ts";
import { lazy } from "../ui/lazy.tsx";
import { type ChoosePictures, type Pictures, usePictures } from "../ui/use-pictures.ts";
import type { Asking, AskingDialogProps } from "./asking.tsx";
import type { BlockedProps } from "./blocked.tsx";
import { ChatHead } from "./chat-head.tsx";
import { comebacks, openings, openPeer } from "./in-frame.ts";
import { drawn, Messages } from "./messages.tsx";
import { PinnedProduct } from "./pinned-product.tsx";
import { useWeChat, useWithWeChat } from "./use-wechat.ts";

/** What holds until the server has said its own limits. */
const presumed: Limits = {
  text: 4000,
  blocks: 20,
  images: 9,
  upload_bytes: 20 * 1024 * 1024,
  upload_pixels: 40_000_000,
  recall_ms: 120_000,
};

export type ChatViewProps = {
  client: Client;
  thread: Thread;
  /** What the page was opened for; a conversation opened by itself goes on about its own. */
  product: Product | undefined;
  merchant: Participant | undefined;
  /** The seller does not answer just now. */
  closed: Closed | undefined;
  /** It usually does within so many milliseconds, while it is not closed. */
  replies: number | undefined;
  wide: boolean;
};

const loadAsking = later(() => import("./asking.tsx"));
const ClosedLine = lazy<{ until: number | undefined }>(
  async () => (await import("./closed-line.tsx")).ClosedLine,
);
const AskingDialog = lazy<AskingDialogProps>(async () => (await loadAsking()).AskingDialog);

/** A thread with everything around it. */
export function ChatView(props: ChatViewProps): JSX.Element {
  const { client, thread, product, merchant, closed, replies } = props;
  void comebacks.value; // by then its time may have come
  const shut = Number(closed?.until) < Date.now() ? undefined : closed;
  const [asking, setAsking] = useState<Asking | undefined>();
  const visit = openings.value;
  useMemo(() => thread.visit(), [thread, visit]);
  const limits = client.me.value?.limits ?? presumed;
  const conversation = thread.conversation.value;
  const peer = thread.peer.value ?? merchant;
  const about = product ?? conversation?.product;
  const weChat = useWeChat(client);
  // Named by who writes to whom: a conversation has no name before its first message.
  const online = client.connection.value.kind === "online";
  const mine = client.me.value?.participant.uid;
  const draft = useDraft(mine, peer?.uid);
  const prepare = useMemo(() => preparing(limits), [limits]);
  const pictures = usePictures(useWithWeChat(prepare, weChat), limits.images, mine && `${mine}.${peer?.uid}`);
  useOpenPeer(peer?.uid);
  const state = thread.state.value;
  useLater(state === "failed" || (state === "ready" && mine !== undefined && online && drawn(thread)));
  const send = (pieces: readonly Piece[]) => {
    const moved = product !== undefined && conversation?.product?.id !== product.id;
    thread.send(pieces, moved ? product : undefined);
  };
  return (
    <main
      class="chat"
      // The page around a frame has a main of its own.
      aria-label={firstWords().app.title}
    >
      <ChatHead {...props} peer={peer} replies={shut ? undefined : replies} onAsk={setAsking} />
      {about !== undefined && (
        <PinnedProduct
          product={about}
          blocked={conversation?.buyer_at.blocked === true || conversation?.merchant_at.blocked === true}
          onSend={() => send([{ type: "product", product: about }])}
        />
      )}
      <ConnectionBar state={client.connection.value} onRetry={() => client.wake()} />
      {client.me.value?.guest === true && <p class="notice">{firstWords().page.guest}</p>}
      <Messages
        key={visit}
        thread={thread}
        client={client}
        recallMs={limits.recall_ms}
        empty={<Hello product={about} onPick={(text) => write(draft, text)} />}
        onReport={(seq) => setAsking({ what: "report", seq })}
      />
      {shut && <ClosedLine until={shut.until} />}
      <Foot
        thread={thread}
        limits={limits}
        peer={mine === undefined ? undefined : peer}
        pictures={pictures}
        draft={draft}
        choose={weChat?.pick}
        onSend={send}
      />
      {asking !== undefined && (
        <AskingDialog asking={asking} thread={thread} onClose={() => setAsking(undefined)} />
      )}
    </main>
  );
}

/** Goes on from what is written already. */
function write(draft: Signal<string>, text: string): void {
  draft.value = `${draft.value} ${text}`.trim();
  document.querySelector("textarea")?.focus({ preventScroll: true });
}

function useOpenPeer(uid: string | undefined): void {
  useEffect(() => {
    openPeer.value = uid;
    return () => {
      openPeer.value = undefined;
    };
  }, [uid]);
}

const loadPictures = later(() => import("../platform/picture.ts"));
later(async () => (await import("../ui/i18n/failure-text.ts")).speakOfFailures(language.peek()));

/** Prepares pictures for a server with these limits. */
function preparing(limits: Limits): (file: Blob) => Promise<Picture | Failure> {
  return async (file) => {
    const loaded = await loadPictures().catch(() => undefined);
    if (loaded === undefined)
      return { code: "offline", message: "the code for pictures could not be loaded" };
    return loaded.preparePicture(file, limits);
  };
}

function Hello({
  product,
  onPick,
}: {
  product: Product | undefined;
  onPick(text: string): void;
}): JSX.Element {
  const text = firstWords().empty;
  return (
    <EmptyState icon={<FirstIcon name="chat" />} title={text.title} body={text.hint(product?.title ?? "")}>
      {text.starters.map((starter) => (
        <button key={starter} type="button" class="button" onClick={() => onPick(starter)}>
          {starter}
        </button>
      ))}
    </EmptyState>
  );
}

const loadBlocked = later(() => import("./blocked.tsx"));
const Blocked = lazy<BlockedProps>(async () => (await loadBlocked()).Blocked, Ghost);

function Ghost(): JSX.Element {
  return <div class="composer-ghost" />;
}

type FootProps = {
  thread: Thread;
  limits: Limits;
  peer: Participant | undefined; // undefined until it is known who writes to whom
  pictures: Pictures;
  draft: ReturnType<typeof useDraft>;
  choose: ChoosePictures | undefined;
  onSend(pieces: readonly Piece[]): void;
};

/** Where one writes, or why one cannot. */
function Foot({ thread, limits, peer, pictures, draft, choose, onSend }: FootProps): JSX.Element {
  const conversation = thread.conversation.value;
  if (conversation?.buyer_at.blocked === true || conversation?.merchant_at.blocked === true)
    return <Blocked thread={thread} byBuyer={conversation.buyer_at.blocked === true} />;
  if (peer === undefined) return <Ghost />;
  return (
    <Composer
      text={draft}
      limits={limits}
      placeholder={firstWords().composer.placeholder}
      pictures={pictures}
      choose={choose}
      onSend={onSend}
      onTyping={() => thread.typing()}
    />
  );
}
