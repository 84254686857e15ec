/** What the buyer's page follows once it shows something. */
import { effect } from "@preact/signals";
import type { Client } from "../client/api.ts";
import { brandName } from "../ui/brand.ts";
import { takeDrops } from "../ui/drops.ts";
import { firstWords } from "../ui/i18n/language.ts";
import { followDays } from "../ui/midnight.ts";
import { followComebacks } from "./comebacks.ts";
import { followEnter } from "./enter-choice.ts";
import { openPeer } from "./in-frame.ts";

export function follow(client: Client): void {
  followEnter();
  takeDrops();
  followDays();
  followComebacks(client);
  followUnread(client);
  followPresence(client);
}

/** Unread messages show in the title of the tab. */
function followUnread(client: Client): void {
  effect(() => {
    const unread = client.unread.value.messages;
    const title = brandName() || firstWords().app.title;
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
  });
}

/** As many sellers' presence is followed as a page can show. */
const watchAtMost = 50;

function followPresence(client: Client): void {
  effect(() => {
    const inbox = client.lists.value ? client.inbox.rows.value : [];
    const rows = inbox.slice(0, watchAtMost).map((row) => row.merchant.uid);
    const open = openPeer.value;
    client.watch([...new Set(open === undefined ? rows : [open, ...rows])]);
  });
}
