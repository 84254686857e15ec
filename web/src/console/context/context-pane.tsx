import { useEffect, useRef, useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import type { Conversation, Product } from "../../protocol/body.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { language } from "../../ui/i18n/language.ts";
import { Icon } from "../../ui/icon.tsx";
import { safePageUrl } from "../../ui/model/page-url.ts";
import { ProductCard } from "../../ui/product-card.tsx";
import { showToast } from "../../ui/toast.tsx";
import { buyerName, isBlocked, useDesk } from "../desk.ts";
import { usePresence } from "../hooks.ts";
import { consoleWords } from "../i18n/words.ts";
import { BlockDialog, ReportDialog, setBlocked } from "../thread/dialogs.tsx";
import { AskedBefore } from "./asked-before.tsx";
import { Images } from "./images.tsx";
import "../../ui/danger.css";

/** The id of the details, for the button that shows them. */
export const CONTEXT_ID = "pane-context";

/** Who the buyer is and what the conversation is about. */
export function ContextPane({ id }: { id: string }) {
  const desk = useDesk();
  const words = consoleWords().context;
  const thread = desk.client.thread(id);
  const close = useRef<HTMLButtonElement>(null);
  const covers = desk.arrangement.value === "stack";
  useEffect(() => {
    if (covers) close.current?.focus({ preventScroll: true });
  }, [covers]);
  const conversation = thread.conversation.value ?? desk.client.inbox.rows.value.find((row) => row.id === id);
  return (
    <section id={CONTEXT_ID} class="c-context" aria-label={words.label}>
      <button
        ref={close}
        class="icon-button c-context-close"
        type="button"
        aria-label={consoleWords().action.close}
        onClick={() => desk.toggleContext()}
      >
        <Icon name="close" />
      </button>
      {conversation !== undefined && (
        <>
          <Buyer conversation={conversation} heads={covers} />
          <About key={id} product={conversation.product} thread={thread} blocked={isBlocked(conversation)} />
          <AskedBefore conversation={conversation} thread={thread} blocked={isBlocked(conversation)} />
          <Images key={`images ${id}`} id={id} thread={thread} />
          <Safety key={`safety ${id}`} conversation={conversation} thread={thread} />
        </>
      )}
    </section>
  );
}

/** `heads`: the heading of the thread, which says who it is, is covered. */
function Buyer({ conversation, heads }: { conversation: Conversation; heads: boolean }) {
  const Name = heads ? "h2" : "p";
  const { labels } = useDesk();
  const words = consoleWords();
  const { buyer } = conversation;
  const presence = usePresence(buyer.uid);
  return (
    <section class="c-section c-buyer" aria-label={words.context.buyer}>
      <Avatar of={buyer} size="l" online={presence === "online"} />
      <Name class="c-buyer-name foreign" dir="auto">
        {buyerName(conversation)}
      </Name>
      <p class="c-status" data-presence={presence}>
        {words.presence[presence]}
      </p>
      <p class="c-uid">
        <code>{buyer.uid}</code>
        <button
          class="icon-button"
          type="button"
          aria-label={words.context.copyUid}
          onClick={() => copy(buyer.uid)}
        >
          <Icon name="copy" />
        </button>
      </p>
      <p class="c-hint">{words.context.since(labels.value.day(conversation.created_at))}</p>
    </section>
  );
}

function copy(text: string): void {
  const words = consoleWords().context;
  navigator.clipboard.writeText(text).then(
    () => showToast(words.copied),
    () => showToast(words.copyFailed),
  );
}

type AboutProps = { product: Product | undefined; thread: Thread; blocked: boolean };

function About({ product, thread, blocked }: AboutProps) {
  const words = consoleWords().context;
  return (
    <section class="c-section" aria-labelledby="about-title">
      <h3 id="about-title">{words.product}</h3>
      {product === undefined ? (
        <p class="c-hint">{words.productNone}</p>
      ) : (
        <>
          <ProductCard product={product} look="bar" />
          <p class="c-facts">{facts(product).join(" · ")}</p>
          <ProductActions product={product} thread={thread} blocked={blocked} />
        </>
      )}
    </section>
  );
}

/** Kind and stock in words; unlike a buyer, the seller wants the number. */
function facts(product: Product): string[] {
  const words = consoleWords().context;
  const kind = product.kind === "virtual" ? words.virtual : words.physical;
  if (product.deleted === true) return [kind, words.productGone];
  if (product.stock === undefined) return [kind];
  if (product.stock === 0) return [kind, words.stockOut];
  return [kind, words.stock(new Intl.NumberFormat(language.value).format(product.stock))];
}

function ProductActions({ product, thread, blocked }: AboutProps & { product: Product }) {
  const desk = useDesk();
  const { inbox } = desk.client;
  const words = consoleWords().context;
  const url = safePageUrl(product.url);
  const chosen = inbox.product.value?.id === product.id;
  return (
    <>
      <div class="c-actions">
        <button
          class="button"
          type="button"
          disabled={blocked || product.deleted === true}
          onClick={() => thread.send([{ type: "product", product }])}
        >
          <Icon name="send" /> {words.productSend}
        </button>
        {url !== undefined && (
          <a class="button quiet" href={url} target="_blank" rel="noopener noreferrer">
            {words.productOpen}
          </a>
        )}
      </div>
      <div class="c-actions">
        <button
          class="button quiet"
          type="button"
          aria-disabled={chosen} // it keeps the focus
          onClick={() => {
            if (chosen) return;
            inbox.setProduct(product);
            if (desk.arrangement.value === "stack") desk.leaveThread(); // the list is elsewhere there
          }}
        >
          {words.productOthers}
        </button>
      </div>
    </>
  );
}

function Safety({ conversation, thread }: { conversation: Conversation; thread: Thread }) {
  const words = consoleWords();
  const [asked, setAsked] = useState<"block" | "report">();
  const name = buyerName(conversation);
  const blocked = conversation.merchant_at.blocked === true;
  const close = () => setAsked(undefined);
  return (
    <section class="c-section" aria-labelledby="safety-title">
      <h3 id="safety-title">{words.context.safety}</h3>
      <div class="c-actions">
        <button class="button quiet" type="button" onClick={() => setAsked("report")}>
          <Icon name="flag" /> {words.thread.report}
        </button>
        <button
          class={blocked ? "button quiet" : "button quiet danger"}
          type="button"
          onClick={() => (blocked ? void setBlocked(thread, name, false) : setAsked("block"))}
        >
          <Icon name="block" /> {blocked ? words.thread.unblock : words.thread.block}
        </button>
      </div>
      {asked === "block" && <BlockDialog thread={thread} name={name} onClose={close} />}
      {asked === "report" && <ReportDialog thread={thread} name={name} onClose={close} />}
    </section>
  );
}
