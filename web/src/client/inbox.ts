import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import {
  type Conversation,
  type ConversationPage,
  type Product,
  parseConversationPage,
} from "../protocol/body.ts";
import { Ahead } from "./ahead.ts";
import type { Failure, Inbox, InboxFilter, InboxOrder } from "./api.ts";
import { backoff } from "./backoff.ts";
import type { Conversations } from "./conversations.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Clock } from "./ports.ts";
import type { Rest } from "./rest.ts";
import type { LiveThread } from "./thread.ts";
import { isUnread } from "./unread.ts";

const searchDelay = 250;
/** The server looks for no longer name than this, in characters. */
const searchLongest = 64;

export type InboxPorts = {
  clock: Clock;
  random(): number;
  /** Whether what is pinned is listed first. */
  pins: boolean;
  rest: Rest;
  conversations: Conversations;
  /** Loads a thread. */
  open(id: string): LiveThread;
};

/** The conversations that are looked at, loaded by a page when it comes to list them. */
export class LiveInbox implements Inbox {
  readonly rows: ReadonlySignal<readonly Conversation[]>;
  readonly state: Signal<"loading" | "ready" | "failed"> = signal("loading");
  readonly failure: Signal<Failure | undefined> = signal(undefined);
  readonly hasMore: Signal<boolean> = signal(false);
  readonly order: Signal<InboxOrder> = signal("newest");
  readonly search: Signal<string> = signal("");
  readonly filter: Signal<InboxFilter> = signal("all");
  readonly product: Signal<Product | undefined> = signal(undefined);

  /** Loads what the list shows to be missing here. */
  readonly ahead: Ahead;

  private readonly ports: InboxPorts;
  /** What has been listed so far. */
  private readonly listed: Signal<ReadonlySet<string>> = signal(new Set());
  /** With unread first, what was unread when listed keeps its place while it is read. */
  private readonly keptUnread = new Set<string>();
  /** Changes with each change of what is listed: one thing to follow instead of thousands. */
  private readonly version: Signal<number> = signal(0);
  /** The end of the last page: what comes before it belongs among what is listed. */
  private end: Conversation | undefined;
  private kept: string | undefined;
  private cursor = "";
  private life = 0;
  private wanted = false;
  private loadingMore = false;
  /** How far the list had come that was left for a search: nothing is asked for to go back to it. */
  private left: { cursor: string; end: Conversation | undefined; kept: string | undefined } | undefined;
  /** What is listed came with the last thing that was asked for. */
  private current = false;
  private failures = 0;
  private cancelSearch: (() => void) | undefined;
  private cancelRetry: (() => void) | undefined;

  constructor(ports: InboxPorts) {
    this.ports = ports;
    this.ahead = new Ahead(ports.open);
    this.rows = computed(() => this.sorted(), {
      watched: () => {
        if (!this.wanted)
          Promise.resolve()
            .then(() => this.reload())
            .catch(() => undefined);
      },
    });
  }

  setOrder(order: InboxOrder): void {
    if (this.order.peek() === order) return;
    this.order.value = order;
    this.reload().catch(() => undefined);
  }

  setFilter(filter: InboxFilter): void {
    if (this.filter.peek() === filter) return;
    this.filter.value = filter;
    this.narrowed();
  }

  setProduct(product: Product | undefined): void {
    if (this.product.peek()?.id === product?.id) return;
    this.product.value = product;
    this.narrowed();
  }

  keep(id: string | undefined): void {
    const before = this.kept;
    this.kept = id;
    const conversation = before === undefined ? undefined : this.ports.conversations.peek(before);
    if (conversation !== undefined) this.dropUnlessWanted(conversation);
  }

  /** Shows at once what is known of another list, and asks for it. */
  private narrowed(): void {
    this.showKnown();
    this.reload().catch(() => undefined);
  }

  private showKnown(): void {
    const known = this.rows.peek().filter((row) => this.fits(row));
    batch(() => {
      this.listed.value = new Set(known.map((row) => row.id));
      this.hasMore.value = false;
    });
  }

  /** Whether it is what is filtered and searched for. */
  private fits(conversation: Conversation): boolean {
    const search = this.search.peek().trim().toLowerCase();
    const name = this.ports.conversations.peer(conversation).name ?? "";
    return name.toLowerCase().includes(search) && this.passes(conversation) && this.isAbout(conversation);
  }

  private passes(conversation: Conversation): boolean {
    const filter = this.filter.peek();
    if (filter === "unread") return isUnread(conversation);
    return filter === "all" || conversation.waiting === true;
  }

  /** Whether it is about the product now; what it was about before, the server knows. */
  private isAbout(conversation: Conversation): boolean {
    const product = this.product.peek();
    return product === undefined || conversation.product?.id === product.id;
  }

  private dropUnlessWanted(conversation: Conversation): void {
    const listed = this.listed.peek();
    if (conversation.id === this.kept || !listed.has(conversation.id) || this.passes(conversation)) return;
    const rest = new Set(listed);
    rest.delete(conversation.id);
    this.listed.value = rest;
  }

  setSearch(text: string): void {
    const [before, wanted] = [this.search.peek().trim(), text.trim()];
    if (before === "") this.left = this.whereItIs();
    this.search.value = text;
    if (before === wanted) return;
    this.stop();
    if (wanted === "" && this.left !== undefined) return this.goBack(this.left);
    batch(() => {
      this.showKnown();
      this.failure.value = undefined;
      this.state.value = "loading";
    });
    this.cancelSearch = this.ports.clock.after(searchDelay, () => {
      this.load(this.life, "").catch(() => undefined);
    });
  }

  /** What was about a product before, only the server knows: that list is asked for anew, like one that has not come. */
  private whereItIs(): typeof this.left {
    if (!this.current || this.product.peek() !== undefined || this.order.peek() !== "newest")
      return undefined;
    const kept = this.kept !== undefined && this.listed.peek().has(this.kept) ? this.kept : undefined;
    return { cursor: this.cursor, end: this.end, kept };
  }

  /** To the list that was left for a search, with what has changed since. */
  private goBack({ cursor, end, kept }: NonNullable<typeof this.left>): void {
    this.current = true;
    batch(() => {
      this.cursor = cursor;
      this.end = end;
      this.hasMore.value = cursor !== "";
      this.failure.value = undefined;
      this.state.value = "ready";
      const known = [...this.ports.conversations.known.values()].flatMap((slot) => slot.peek() ?? []);
      const listed = known.filter((row) => row.id === kept || this.belongs(row));
      this.listed.value = new Set(listed.map((row) => row.id));
    });
  }

  /** What is under way counts for nothing any more. */
  private stop(): void {
    this.wanted = true;
    this.current = false;
    this.life++;
    this.cancelSearch?.();
    this.cancelRetry?.();
    this.loadingMore = false;
  }

  async loadMore(): Promise<void> {
    if (this.loadingMore || !this.hasMore.peek()) return;
    this.loadingMore = true;
    await this.load(this.life, this.cursor);
    this.loadingMore = false;
  }

  async reload(): Promise<void> {
    this.stop();
    this.left = undefined;
    if (this.listed.peek().size === 0) this.state.value = "loading";
    await this.load(this.life, "");
  }

  /** Lists anew if it was ever looked at. */
  refresh(): void {
    if (this.wanted) this.reload().catch(() => undefined);
  }

  /** Everything kept is void: reloads if it was ever looked at. */
  reset(): void {
    this.listed.value = new Set();
    this.keptUnread.clear();
    this.refresh();
  }

  /** A conversation is another now, or new here. */
  changed(now: Conversation): void {
    if (isUnread(now)) this.keptUnread.add(now.id);
    this.dropUnlessWanted(now);
    const listed = this.listed.peek();
    if (listed.has(now.id)) this.version.value++;
    if (this.wanted && !listed.has(now.id) && this.belongs(now))
      this.listed.value = new Set(listed).add(now.id);
  }

  /** Whether a conversation that no page has brought belongs among those that are listed. */
  private belongs(conversation: Conversation): boolean {
    if (!this.fits(conversation)) return false;
    if (conversation.last_seq === 0 || this.state.peek() !== "ready") return false;
    if (!this.hasMore.peek()) return true;
    return this.end !== undefined && this.comparison()(conversation, this.end) < 0;
  }

  private async load(life: number, cursor: string): Promise<void> {
    const filter = this.filter.peek();
    const page = await this.page({
      order: this.order.peek(),
      filter: filter === "all" ? "" : filter,
      product: this.product.peek()?.id ?? "",
      search: [...this.search.peek().trim()].slice(0, searchLongest).join(""),
      cursor,
    });
    const pinned = cursor === "" && this.pinsFirst() ? await this.loadPinned() : undefined;
    if (life !== this.life) return;
    if (isFailure(page)) return this.failed(page, life, cursor);
    if (pinned !== undefined && isFailure(pinned)) return this.failed(pinned, life, cursor);
    this.failures = 0;
    this.current = true;
    batch(() => {
      if (cursor === "") this.keptUnread.clear();
      const told = [...page.conversations, ...(pinned?.conversations ?? [])];
      for (const conversation of told) {
        if (isUnread(conversation)) this.keptUnread.add(conversation.id);
        this.ports.conversations.apply(conversation);
      }
      const ids = told.map(({ id }) => id);
      this.listed.value = new Set(cursor === "" ? ids : [...this.listed.peek(), ...ids]);
      const last = page.conversations.at(-1);
      // In a page what is pinned has its place by time, whatever it has in the list.
      if (last !== undefined) this.end = { ...last, pinned: false };
      this.cursor = page.cursor ?? "";
      this.hasMore.value = this.cursor !== "";
      this.failure.value = undefined;
      this.state.value = "ready";
    });
  }

  /** What is pinned stands first where everything is listed; in a narrower list it has its own place. */
  private pinsFirst(): boolean {
    return (
      this.ports.pins &&
      this.filter.peek() === "all" &&
      this.product.peek() === undefined &&
      this.search.peek().trim() === ""
    );
  }

  /** Of what is asked for, an empty string leaves it to the server. */
  private page(asked: Record<string, string>): Promise<ConversationPage | Failure> {
    const query: string[] = [];
    for (const [name, value] of Object.entries({ limit: "30", ...asked }))
      if (value !== "") query.push(`${name}=${encodeURIComponent(value)}`);
    const path = `/v1/conversations?${query.join("&")}`;
    return this.ports.rest.ask({ method: "GET", path }, parseConversationPage);
  }

  private loadPinned(): Promise<ConversationPage | Failure> {
    return this.page({ filter: "pinned", limit: "100" });
  }

  private failed(failure: Failure, life: number, cursor: string): void {
    batch(() => {
      this.failure.value = failure;
      if (this.state.peek() === "loading") this.state.value = "failed";
    });
    // A list that is not there yet comes before its next page.
    if (worthRetrying(failure) === "never" || (cursor !== "" && !this.current)) return;
    this.cancelRetry?.();
    this.cancelRetry = this.ports.clock.after(backoff(this.failures++, this.ports.random), () => {
      if (life !== this.life) return;
      if (cursor === "") this.load(life, "").catch(() => undefined);
      else if (cursor === this.cursor) this.loadMore().catch(() => undefined);
    });
  }

  private sorted(): readonly Conversation[] {
    void [this.version.value, this.filter.value, this.product.value, this.search.value, this.order.value];
    const rows: Conversation[] = [];
    for (const id of this.listed.value) {
      const conversation = this.ports.conversations.peek(id);
      if (conversation !== undefined) rows.push(conversation);
    }
    return rows.sort(this.comparison());
  }

  /** How two rows stand to each other in the list that is wanted now. */
  private comparison(): (a: Conversation, b: Conversation) => number {
    const newest = (a: Conversation, b: Conversation) => b.last_at - a.last_at || (a.id < b.id ? 1 : -1);
    const unread = this.order.peek() === "unread";
    const pins = this.pinsFirst();
    if (!pins && !unread) return newest;
    const rank = ({ id, pinned }: Conversation) =>
      pins && pinned === true ? 2 : Number(unread && this.keptUnread.has(id));
    return (a, b) => rank(b) - rank(a) || newest(a, b);
  }
}
