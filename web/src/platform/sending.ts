import type { Sending } from "../client/ports.ts";
import { Sender } from "../client/sender.ts";
import { openOutboxStore } from "./idb.ts";
import { withLeftBehind } from "./left-behind.ts";
import { browserChannel, browserLead } from "./tabs.ts";
import { upload } from "./upload.ts";

/** What keeps and sends messages in a browser. */
export function browserSending(): Sending {
  return {
    Sender,
    store: withLeftBehind(openOutboxStore(globalThis.indexedDB, "haggle")),
    lead: browserLead(navigator.locks),
    openChannel: browserChannel,
    upload,
  };
}
