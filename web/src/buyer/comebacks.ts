/** When what a shop said of itself and of a product is asked for again: its hours, the price, what is left. */
import { effect } from "@preact/signals";
import type { Client } from "../client/api.ts";
import { comebacks, openings } from "./in-frame.ts";
import { route } from "./route.ts";

/** What was asked for so lately is not asked for again. */
const fresh = 60_000;

/** Somebody comes back who opens the chat again, looks at its page again, or has a connection again. */
export function followComebacks(client: Client): () => void {
  let at = Date.now();
  const look = () => {
    const away = document.hidden || document.documentElement.hidden;
    if (away || client.connection.peek().kind !== "online" || Date.now() - at < fresh) return;
    at = Date.now();
    comebacks.value = comebacks.peek() + 1;
  };
  const ends = [
    effect(() => {
      void route.value;
      at = Date.now(); // what is opened asks by itself
    }),
    effect(() => {
      void openings.value;
      void client.connection.value;
      setTimeout(look); // once the frame knows that it is shown
    }),
  ];
  document.addEventListener("visibilitychange", look);
  return () => {
    for (const end of ends) end();
    document.removeEventListener("visibilitychange", look);
  };
}
