/** What the parts of the console share: one seller at one desk. */
import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Client } from "../client/api.ts";
import type { Conversation, Me } from "../protocol/body.ts";
import { language } from "../ui/i18n/language.ts";
import { type Address, followAddress } from "./address.ts";
import type { Bell } from "./attend/bell.ts";
import type { Colleagues } from "./model/colleagues.ts";
import { type Drafts, openDrafts } from "./model/drafts.ts";
import { openNextUnread } from "./model/next-unread.ts";
import { type Arrangement, arrangement } from "./model/panes.ts";
import { openPrefs, type PrefStore } from "./model/prefs.ts";
import { shelf } from "./model/shelf.ts";
import { type TimeLabels, timeLabels } from "./model/time-label.ts";
import { openWatching, type Watching } from "./model/watching.ts";
import { openPhraseBook, type PhraseBook } from "./phrases/phrase-book.ts";
import { type MessageSearch, openMessageSearch } from "./search/message-search.ts";
import { openUnsaved, type Unsaved } from "./settings/unsaved.ts";
import { followStaff } from "./staff.ts";

/** Where a thread was left: a message and how far it was from the top. */
export type Place = { key: string; top: number };

/** The shortcuts, or a section of the settings. */
export type DialogName = "help" | Section;
export type Section = "general" | "notices" | "phrases" | "automatic";

/** A message of a conversation. */
export type Target = { conversation: string; seq: number };

export type Desk = {
  readonly client: Client;
  readonly me: Me;
  readonly prefs: PrefStore;
  readonly drafts: Drafts;
  readonly phrases: PhraseBook;
  readonly unsaved: Unsaved;
  readonly search: MessageSearch;
  readonly watching: Watching;
  readonly colleagues: Colleagues;
  /** Where each thread was left, if not at its end. */
  readonly places: Map<string, Place>;
  readonly open: Signal<string | undefined>;
  /** The message that is gone to, another object each time. */
  readonly target: Signal<Target | undefined>;
  readonly arrangement: ReadonlySignal<Arrangement>;
  readonly viewport: ReadonlySignal<number>;
  readonly labels: ReadonlySignal<TimeLabels>;
  /** The current minute, for labels that age. */
  readonly minute: ReadonlySignal<number>;
  /** Shows the details over the thread where they have no room beside it. */
  readonly overlay: Signal<boolean>;
  /** Counts the wishes to write: the editor takes the focus each time. */
  readonly wishToWrite: ReadonlySignal<number>;
  openConversation(id: string): void;
  /** Opens a conversation at one of its messages. */
  goTo(conversation: string, seq: number): void;
  /** Opens a conversation and, where there is a keyboard, puts the caret in its editor. */
  openAndWrite(id: string): void;
  /** openAndWrite for the next conversation below, round the end, in which something is unread, listed or not. */
  openNextUnread(): Promise<void>;
  /** Back to the list; nothing where the list is all there is. */
  leaveThread(): void;
  /** The search field takes the focus as soon as it is there. */
  readonly wishToSearch: Signal<boolean>;
  toggleContext(): void;
  /** What is open over everything. */
  readonly dialog: Signal<DialogName | undefined>;
  readonly bell: Bell;
  /** Stops what listens to the window. */
  leave(): void;
};

export const DeskContext = createContext<Desk | undefined>(undefined);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === undefined) throw new Error("useDesk outside of a desk");
  return desk;
}

/** Sits down: reads what this device remembers and follows the window. */
export function openDesk(client: Client, me: Me, bell: Bell): Desk {
  const device = shelf(() => localStorage, `haggle.console.${me.participant.uid}/${me.agent ?? ""}.`);
  const [prefs, drafts] = [openPrefs(device), openDrafts(device)];
  const address = followAddress(() => {
    open.value = address.conversation();
    overlay.value = address.isAtDetails();
  });
  const open = signal(address.conversation());
  const overlay = signal(address.isAtDetails());
  const around = followWindow([prefs, drafts]);
  const arranged = computed(() => arrangement(around.viewport.value));
  const wishToWrite = signal(0);
  const openConversation = (id: string) => {
    if (open.value === id) return;
    // In a stack the list is a step back in the browser's history; beside it, it is always there.
    address.set(id, arranged.value === "stack" && open.value === undefined);
    open.value = id;
    overlay.value = false;
  };
  const openAndWrite = (id: string) => {
    openConversation(id);
    // On a phone this would cover half of the thread with the keyboard.
    if (matchMedia("(pointer: fine)").matches) wishToWrite.value++;
  };
  const search = openMessageSearch(client);
  const nextUnread = openNextUnread(client, open);
  const staff = followStaff(client, me.agent, open);
  return {
    client,
    me,
    prefs,
    colleagues: staff.colleagues,
    drafts,
    phrases: openPhraseBook(client),
    unsaved: openUnsaved(),
    search,
    watching: watchingOf(client),
    places: new Map(),
    ...openGoing(client, open, openConversation),
    open,
    viewport: around.viewport,
    arrangement: arranged,
    labels: computed(() => timeLabels(language.value)),
    minute: around.minute,
    overlay,
    wishToWrite,
    openConversation,
    openAndWrite,
    openNextUnread: async () => {
      const next = await nextUnread.find();
      if (next !== undefined) openAndWrite(next);
    },
    leaveThread: address.toList,
    wishToSearch: signal(false),
    toggleContext: () => toggleContext(arranged.value, overlay, prefs, address),
    dialog: signal(undefined),
    bell,
    leave: () => {
      address.stop();
      around.stop();
      staff.stop();
      nextUnread.stop();
      search.dispose();
    },
  };
}

/** What comes into sight together is asked for together. */
function watchingOf(client: Client): Watching {
  return openWatching(
    (uids) => client.watch(uids),
    (run) => void setTimeout(run, 120),
  );
}

function toggleContext(
  arranged: Arrangement,
  overlay: Signal<boolean>,
  prefs: PrefStore,
  address: Address,
): void {
  if (arranged === "beside") {
    prefs.change({ contextOpen: !prefs.prefs.value.contextOpen });
    return;
  }
  overlay.value = !overlay.value;
  if (!overlay.value) address.leaveDetails();
  // They cover all of a phone: its Back must not leave the thread under them as well.
  else if (arranged === "stack") address.enterDetails();
}

/** Going to one message of a conversation. Who then opens another has been there. */
function openGoing(
  client: Client,
  open: ReadonlySignal<string | undefined>,
  openConversation: (id: string) => void,
): Pick<Desk, "target" | "goTo"> {
  const target = signal<Target>();
  open.subscribe((id) => {
    if (target.peek()?.conversation !== id) target.value = undefined;
  });
  return {
    target,
    goTo: (conversation, seq) => {
      target.value = { conversation, seq };
      void client.thread(conversation).showAround(seq);
      openConversation(conversation);
    },
  };
}

/** What changes around the console without anybody asking: the window's width, the time, other windows. */
function followWindow(shared: readonly { reread(): void }[]) {
  const viewport = signal(innerWidth);
  const minute = signal(Date.now());
  const timer = setInterval(() => {
    minute.value = Date.now();
  }, 30_000);
  const resized = () => {
    viewport.value = innerWidth;
  };
  addEventListener("resize", resized);
  // Another window of this agent's, or another agent's: then nothing changes.
  const reread = () => {
    for (const one of shared) one.reread();
  };
  addEventListener("storage", reread);
  const stop = () => {
    clearInterval(timer);
    removeEventListener("resize", resized);
    removeEventListener("storage", reread);
  };
  return { viewport, minute, stop };
}

/** How a buyer is called: its name, else its uid. */
export function buyerName(conversation: Conversation | undefined): string {
  const buyer = conversation?.buyer;
  if (buyer === undefined) return "";
  return buyer.name === undefined || buyer.name === "" ? buyer.uid : buyer.name;
}

/** Whether either side does not want to hear from the other: nothing can be sent then. */
export function isBlocked(conversation: Conversation | undefined): boolean {
  return conversation?.merchant_at.blocked === true || conversation?.buyer_at.blocked === true;
}
