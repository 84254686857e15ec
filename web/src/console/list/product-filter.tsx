import { useState } from "preact/hooks";
import { Icon } from "../../ui/icon.tsx";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { LazyProductPicker } from "../products/lazy-product-picker.ts";

/** Chooses the product that the list is to be about. */
export function ProductFilter() {
  const { client, search } = useDesk();
  const [picking, setPicking] = useState(false);
  const { byProduct } = consoleWords().list;
  if (search.within.value !== undefined) return null;
  return (
    <>
      <button
        class="icon-button c-by-product"
        type="button"
        aria-label={byProduct}
        title={byProduct}
        aria-haspopup="dialog"
        onClick={() => setPicking(true)}
      >
        <Icon name="bag" />
      </button>
      {picking && (
        <LazyProductPicker
          title={byProduct}
          onClose={() => setPicking(false)}
          onPick={(product) => {
            setPicking(false);
            client.inbox.setProduct(product);
          }}
        />
      )}
    </>
  );
}
