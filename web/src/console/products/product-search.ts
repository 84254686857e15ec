/** The seller's own products by what is typed, paged from the server; only the answer to the newest question counts. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Client, Failure } from "../../client/api.ts";
import { type Product, parseProductPage } from "../../protocol/body.ts";

export type ProductSearch = {
  readonly products: ReadonlySignal<readonly Product[]>;
  readonly state: ReadonlySignal<"loading" | "ready" | "failed">;
  readonly failure: ReadonlySignal<Failure | undefined>;
  readonly hasMore: ReadonlySignal<boolean>;
  /** Asks for those whose title holds `text`, once nobody types any more. */
  find(text: string): void;
  more(): void;
  dispose(): void;
};

const settledAfter = 200;
const pageSize = 30;

export function openProductSearch(client: Pick<Client, "ask">): ProductSearch {
  const products = signal<readonly Product[]>([]);
  const state = signal<"loading" | "ready" | "failed">("loading");
  const failure = signal<Failure | undefined>(undefined);
  const cursor = signal("");
  let wanted = "";
  let question = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async (after: string): Promise<void> => {
    const mine = ++question;
    state.value = "loading";
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (wanted !== "") query.set("search", wanted);
    if (after !== "") query.set("cursor", after);
    const answer = await client.ask({ method: "GET", path: `/v1/products?${query}` }, parseProductPage);
    if (mine !== question) return;
    if ("code" in answer) {
      failure.value = answer;
      state.value = "failed";
      return;
    }
    failure.value = undefined;
    products.value = after === "" ? answer.products : [...products.peek(), ...answer.products];
    cursor.value = answer.cursor ?? "";
    state.value = "ready";
  };

  return {
    products,
    state,
    failure,
    hasMore: computed(() => cursor.value !== ""),
    find: (text) => {
      wanted = text.trim();
      question++; // what is under way is of no use any more
      state.value = "loading";
      clearTimeout(timer);
      timer = setTimeout(() => void ask(""), settledAfter);
    },
    more: () => {
      if (state.peek() !== "loading" && cursor.peek() !== "") void ask(cursor.peek());
    },
    dispose: () => {
      clearTimeout(timer);
      question++;
    },
  };
}
