/** What the address asks for. The page moves between its own addresses without loading again. */
import { type ReadonlySignal, signal } from "@preact/signals";

export type Route =
  | { kind: "inbox" }
  | { kind: "product"; id: string }
  | { kind: "conversation"; id: string };

export function parseRoute(search: string): Route {
  const params = new URLSearchParams(search);
  const conversation = params.get("c");
  if (conversation !== null && conversation !== "") return { kind: "conversation", id: conversation };
  const product = params.get("product");
  return product === null || product === "" ? { kind: "inbox" } : { kind: "product", id: product };
}

export function searchOf(route: Route): string {
  switch (route.kind) {
    case "inbox":
      return "";
    case "product":
      return `?${new URLSearchParams({ product: route.id })}`;
    case "conversation":
      return `?${new URLSearchParams({ c: route.id })}`;
  }
}

const current = signal<Route>({ kind: "inbox" });

export const route: ReadonlySignal<Route> = current;

export function startRoute(): void {
  const read = () => {
    current.value = parseRoute(location.search);
  };
  addEventListener("popstate", read);
  read();
}

/** Goes to another page of the app; Back leads here again. */
export function goTo(next: Route): void {
  history.pushState(null, "", `${location.pathname}${searchOf(next)}`);
  current.value = next;
}
