import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Product } from "../../protocol/body.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { Icon } from "../../ui/icon.tsx";
import { ProductCard } from "../../ui/product-card.tsx";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { composing } from "../model/keys.ts";
import { MoreButton } from "../more-button.tsx";
import { openProductSearch, type ProductSearch } from "./product-search.ts";
import "./product-picker.css";

const LIST_ID = "own-products";
const optionId = (at: number): string => `${LIST_ID}-${at}`;

export type PickerProps = { title: string; onPick: (product: Product) => void; onClose: () => void };

/** Chooses one of the shop's own products; `title` says what for. */
export function ProductPicker({ title, onPick, onClose }: PickerProps) {
  const { client } = useDesk();
  const words = consoleWords().products;
  const search = useMemo(() => openProductSearch(client), [client]);
  const [active, setActive] = useState(0);
  useEffect(() => {
    search.find("");
    return search.dispose;
  }, [search]);
  const products = search.products.value;
  const at = Math.min(active, products.length - 1);
  const press = (event: KeyboardEvent) => {
    if (composing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = products[at];
    if (step !== undefined) setActive(Math.max(0, Math.min(products.length - 1, at + step)));
    else if (event.key !== "Enter" || chosen === undefined) return;
    // What stands there while it is searched for is not what was asked for.
    else if (search.state.value === "ready") onPick(chosen);
    event.preventDefault();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="c-picker">
        <label class="c-picker-search">
          <Icon name="search" />
          <input
            class="field"
            type="search"
            role="combobox"
            // biome-ignore lint/a11y/noAutofocus: it opened because somebody looks for a product
            autoFocus
            aria-label={words.search}
            aria-expanded={products.length > 0}
            aria-controls={LIST_ID}
            aria-activedescendant={at < 0 ? undefined : optionId(at)}
            placeholder={words.search}
            maxLength={64}
            onInput={(event) => {
              setActive(0);
              search.find(event.currentTarget.value);
            }}
            onKeyDown={press}
          />
        </label>
        <Found title={title} search={search} at={at} onPick={onPick} />
      </div>
    </Dialog>
  );
}

function Found({
  title,
  search,
  at,
  onPick,
}: {
  title: string;
  search: ProductSearch;
  at: number;
  onPick: (product: Product) => void;
}) {
  const words = consoleWords().products;
  const list = useRef<HTMLDivElement>(null);
  const products = search.products.value;
  const failure = search.failure.value;
  const state = search.state.value;
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at, products]);
  const note =
    failure !== undefined
      ? failureText(sharedWords(), failure)
      : state === "ready"
        ? words.none
        : words.loading;
  return (
    <>
      <p
        class={products.length > 0 && failure === undefined ? "visually-hidden" : "c-picker-note"}
        role="status"
      >
        {products.length > 0 && failure === undefined ? words.found(products.length) : note}
      </p>
      <div
        ref={list}
        id={LIST_ID}
        class="c-picker-list"
        role="listbox"
        aria-label={title}
        aria-busy={state === "loading"}
      >
        {products.map((product, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the search field's, which keeps the focus
          // biome-ignore lint/a11y/useFocusableInteractive: as above
          <div
            key={product.id}
            id={optionId(index)}
            role="option"
            aria-selected={index === at}
            class="c-picker-product"
            onClick={() => onPick(product)}
          >
            <ProductCard product={{ ...product, url: "" }} look="bar" />
          </div>
        ))}
      </div>
      {search.hasMore.value && (
        <MoreButton
          label={words.more}
          loading={state === "loading"}
          onMore={search.more}
          next={() => list.current?.closest(".c-picker")?.querySelector("input")}
        />
      )}
    </>
  );
}
