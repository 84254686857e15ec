import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { ProductCard as Card, Product } from "../protocol/body.ts";
import { safeImageUrl } from "./avatar.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords, language } from "./i18n/language.ts";
import { money } from "./model/money.ts";
import { safePageUrl } from "./model/page-url.ts";
import "./product-card.css";

export type ProductCardProps = {
  product: Card | Product;
  /** "bar" is pinned above a thread, "card" stands in a message. */
  look: "bar" | "card";
  children?: ComponentChildren;
};

/** A product: picture, title, price and, where it matters, stock. Its title leads to the shop's page. */
export function ProductCard({ product, look, children }: ProductCardProps): JSX.Element {
  const url = safePageUrl(product.url);
  const title = (
    <span class="product-title foreign" dir="auto">
      {product.title}
    </span>
  );
  return (
    <div class={`product product-${look}`}>
      <ProductPicture url={product.image} />
      <div class="product-body">
        {url === undefined ? (
          title
        ) : (
          <a href={url} target="_blank" rel="noopener noreferrer" title={firstWords().product.view}>
            {title}
          </a>
        )}
        <div class="product-facts">
          {/* 0 is no price: a card from a chat before this one may have none. */}
          {product.amount > 0 && (
            <span class="product-price">{money(product.amount, product.currency, language.value)}</span>
          )}
          <Note product={product} />
        </div>
      </div>
      {children}
    </div>
  );
}

function Note({ product }: { product: Card | Product }): JSX.Element | null {
  const text = firstWords().product;
  if ("deleted" in product && product.deleted === true)
    return <span class="product-note gone">{text.gone}</span>;
  const stock = "stock" in product ? product.stock : undefined;
  if (stock === 0) return <span class="product-note gone">{text.soldOut}</span>;
  if (stock !== undefined && stock <= 5) return <span class="product-note few">{text.left(stock)}</span>;
  return product.kind === "virtual" ? <span class="product-note">{text.virtual}</span> : null;
}

function ProductPicture({ url }: { url: string | undefined }): JSX.Element {
  const [broken, setBroken] = useState<string>();
  const safe = safeImageUrl(url);
  return (
    <span class="product-picture">
      {safe !== undefined && broken !== safe ? (
        <img src={safe} alt="" referrerpolicy="no-referrer" onError={() => setBroken(safe)} />
      ) : (
        <FirstIcon name="bag" />
      )}
    </span>
  );
}
