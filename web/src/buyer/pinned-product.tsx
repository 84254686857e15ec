import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Product } from "../protocol/body.ts";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import { ProductCard } from "../ui/product-card.tsx";

/** A second tap in a hurry should not send the card twice. */
const restMs = 2000;

/** The product the conversation is about, always in sight, with a way to put it into the thread. */
export function PinnedProduct({ product, onSend }: { product: Product; onSend(): void }): JSX.Element {
  const [sent, setSent] = useState(false);
  useEffect(() => {
    if (!sent) return;
    const timer = setTimeout(() => setSent(false), restMs);
    return () => clearTimeout(timer);
  }, [sent]);
  const text = words().product;
  return (
    <aside class="chat-product" aria-label={text.about}>
      <ProductCard product={product} look="bar">
        <button
          type="button"
          class="button product-send"
          disabled={sent || product.deleted === true}
          onClick={() => {
            setSent(true);
            onSend();
          }}
        >
          <Icon name={sent ? "check" : "link"} />
          {sent ? text.linkSent : text.sendLink}
        </button>
      </ProductCard>
    </aside>
  );
}
