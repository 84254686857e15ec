import { useEffect, useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import { isFailure } from "../../client/failure.ts";
import { type Asked, type Conversation, parseAskedPage } from "../../protocol/body.ts";
import { ProductCard } from "../../ui/product-card.tsx";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";

type AskedBeforeProps = { conversation: Conversation; thread: Thread; blocked: boolean };

/** The products that the buyer asked about before the present one. */
export function AskedBefore({ conversation, thread, blocked }: AskedBeforeProps) {
  const { labels } = useDesk();
  const words = consoleWords().context;
  const before = useAsked(conversation).filter(({ product }) => product.id !== conversation.product?.id);
  if (before.length === 0) return null;
  return (
    <section class="c-section" aria-labelledby="asked-title">
      <h3 id="asked-title">{words.asked}</h3>
      <ul class="c-asked">
        {before.map(({ product, last_at }) => (
          <li key={product.id}>
            <ProductCard product={product} look="bar" />
            <div class="c-actions">
              <span class="c-facts">{labels.value.day(last_at)}</span>
              <button
                class="button quiet"
                type="button"
                aria-label={words.askedSend(product.title)}
                disabled={blocked || product.deleted === true}
                onClick={() => thread.send([{ type: "product", product }])}
              >
                {words.productSend}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Asks again when the conversation turns to another product. */
function useAsked({ id, product }: Conversation): readonly Asked[] {
  const { client } = useDesk();
  const [asked, setAsked] = useState<{ of: string; products: readonly Asked[] }>();
  const about = product?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it is about says that the answer is another.
  useEffect(() => {
    let left = false;
    const path = `/v1/conversations/${encodeURIComponent(id)}/products`;
    client
      .ask({ method: "GET", path }, parseAskedPage)
      .then((page) => {
        if (!left && !isFailure(page)) setAsked({ of: id, products: page.products });
      })
      .catch(() => undefined);
    return () => {
      left = true;
    };
  }, [client, id, about]);
  return asked?.of === id ? asked.products : [];
}
