import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Product } from "../protocol/body.ts";
import { FirstIcon } from "../ui/first-icon.tsx";
import { firstWords } from "../ui/i18n/language.ts";
import { ProductCard } from "../ui/product-card.tsx";

/** A second tap in a hurry should not send the card twice. */
const restMs = 2000;

export type PinnedProductProps = {
  product: Product;
  /** One side has blocked the other: nothing can be sent. */
  blocked: boolean;
  onSend(): void;
};

/** The product the conversation is about, always in sight, with a way to put it into the thread. */
export function PinnedProduct({ product, blocked, onSend }: PinnedProductProps): JSX.Element {
  const [resting, setResting] = useState(false);
  useEffect(() => {
    if (!resting) return;
    const timer = setTimeout(() => setResting(false), restMs);
    return () => clearTimeout(timer);
  }, [resting]);
  const text = firstWords().product;
  return (
    <aside class="chat-product" aria-label={text.about}>
      <ProductCard product={product} look="bar">
        <button
          type="button"
          class="button product-send"
          disabled={blocked || product.deleted === true}
          // It rests only for a moment, in which it keeps the focus.
          aria-disabled={resting}
          onClick={() => {
            if (resting) return;
            setResting(true);
            onSend();
          }}
        >
          {/* How far it got is told by the tick of its message, not here. */}
          <FirstIcon name="link" />
          {text.sendLink}
        </button>
      </ProductCard>
    </aside>
  );
}
