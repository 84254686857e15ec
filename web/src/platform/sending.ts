import type { Sending } from "../client/ports.ts";
import { Sender } from "../client/sender.ts";
import { openOutboxStore } from "./idb.ts";
import { browserChannel, browserLead } from "./tabs.ts";
import { upload } from "./upload.ts";

/** What keeps and sends messages in a browser. */
export function browserSending(): Sending {
  return {
    Sender,
    store: openOutboxStore(globalThis.indexedDB, "haggle"),
    lead: browserLead(navigator.locks),
    openChannel: browserChannel,
    upload,
  };
}
