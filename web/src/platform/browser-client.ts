/** The client core as a browser page runs it: with its sockets, storage, clock and chance. */
import type { Client } from "../client/api.ts";
import type { Side } from "../protocol/body.ts";

export type BrowserClientOptions = {
  side: Side;
};

/** Makes the client of a page. It does nothing until `start`. */
export function createBrowserClient(options: BrowserClientOptions): Client {
  throw new Error(`not built yet: ${options.side}`);
}
