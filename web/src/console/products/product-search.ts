/** The seller's own products by what is typed. */
import type { Client } from "../../client/api.ts";
import { type Product, parseProductPage } from "../../protocol/body.ts";
import { openPages, type Pages, pageSize } from "../model/pages.ts";

export type ProductSearch = {
  readonly products: Pages<Product>["rows"];
  /** Asks for those whose title holds `text`. */
  find(text: string): void;
  dispose(): void;
} & Pick<Pages<Product>, "state" | "failure" | "hasMore" | "more">;

export function openProductSearch(client: Pick<Client, "ask">): ProductSearch {
  let wanted = "";
  const { rows, begin, clear, ...pages } = openPages<Product>(async (cursor) => {
    const query = new URLSearchParams({ limit: String(pageSize) });
    if (wanted !== "") query.set("search", wanted);
    if (cursor !== "") query.set("cursor", cursor);
    const answer = await client.ask({ method: "GET", path: `/v1/products?${query}` }, parseProductPage);
    return "code" in answer ? answer : { rows: answer.products, cursor: answer.cursor };
  });
  return {
    ...pages,
    products: rows,
    find: (text) => {
      wanted = text.trim();
      begin();
    },
    dispose: clear,
  };
}
