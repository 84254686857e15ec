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

let embedded = false;
let goingBack = false;
const current = signal<Route>({ kind: "inbox" });

export const route: ReadonlySignal<Route> = current;

/** Reads where the page begins. In a frame its address stays as it is: steps in it would be steps of the shop's page. */
export function startRoute(framed: boolean): void {
  embedded = framed;
  const read = () => {
    goingBack = false;
    show(parseRoute(location.search)); // Back may be from what was open over the same page
  };
  addEventListener("popstate", read);
  read();
}

/** Shows another page of the app. */
export function show(next: Route): void {
  if (searchOf(next) !== searchOf(current.peek())) current.value = next;
}

/** Goes to another page of the app; Back leads here again. To the list that one came from it goes back itself. */
export function goTo(next: Route): void {
  if (!embedded) {
    if (next.kind === "inbox" && history.state === "inbox") {
      if (!goingBack) history.back(); // a step more would leave
      goingBack = true;
      return;
    }
    history.pushState(current.peek().kind, "", `${location.pathname}${searchOf(next)}`);
  }
  current.value = next;
}

/** The origin of the shop's page around this one, if the address names it and there is one. */
export function hostOf(search: string, framed: boolean): string | undefined {
  const host = new URLSearchParams(search).get("embed");
  return framed && host !== null && URL.canParse(host) ? new URL(host).origin : undefined;
}
