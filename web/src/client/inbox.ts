import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Conversation, Product } from "../protocol/body.ts";
import { Ahead } from "./ahead.ts";
import type { Failure, Inbox, InboxFilter, InboxOrder } from "./api.ts";
import { backoff } from "./backoff.ts";
import type { Conversations } from "./conversations.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import type { Clock } from "./ports.ts";
import type { Rest } from "./rest.ts";
import type { LiveThread } from "./thread.ts";

const searchDelay = 250;

export type InboxPorts = {
  clock: Clock;
  random(): number;
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
  private kept: string | undefined;
  private cursor = "";
  private life = 0;
  private wanted = false;
  private loadingMore = false;
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
    const known = this.rows.peek().filter((row) => this.passes(row) && this.isAbout(row));
    batch(() => {
      this.listed.value = new Set(known.map((row) => row.id));
      this.hasMore.value = false;
    });
    this.reload().catch(() => undefined);
  }

  private passes(conversation: Conversation): boolean {
    const filter = this.filter.peek();
    if (filter === "unread") return conversation.unread > 0;
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
    if (this.search.peek() === text) return;
    this.search.value = text;
    this.cancelSearch?.();
    this.cancelSearch = this.ports.clock.after(searchDelay, () => {
      this.reload().catch(() => undefined);
    });
  }

  async loadMore(): Promise<void> {
    if (this.loadingMore || !this.hasMore.peek()) return;
    this.loadingMore = true;
    await this.load(this.life, this.cursor);
    this.loadingMore = false;
  }

  async reload(): Promise<void> {
    this.wanted = true;
    this.life++;
    this.cancelSearch?.();
    this.cancelRetry?.();
    this.loadingMore = false;
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
    if (now.unread > 0) this.keptUnread.add(now.id);
    this.dropUnlessWanted(now);
    const listed = this.listed.peek();
    if (this.wanted && !listed.has(now.id) && this.belongs(now))
      this.listed.value = new Set(listed).add(now.id);
  }

  /** Whether a conversation that no page has brought belongs among those that are listed. */
  private belongs(conversation: Conversation): boolean {
    const search = this.search.peek().trim().toLowerCase();
    const name = this.ports.conversations.peer(conversation).name ?? "";
    if (search !== "" && !name.toLowerCase().includes(search)) return false;
    if (!this.passes(conversation) || !this.isAbout(conversation)) return false;
    if (conversation.last_seq === 0 || this.state.peek() !== "ready") return false;
    if (!this.hasMore.peek()) return true;
    const last = this.rows.peek().at(-1);
    return last !== undefined && this.compare(conversation, last) < 0;
  }

  private async load(life: number, cursor: string): Promise<void> {
    const filter = this.filter.peek();
    const page = await this.ports.rest.conversations({
      order: this.order.peek(),
      filter: filter === "all" ? "" : filter,
      product: this.product.peek()?.id ?? "",
      search: this.search.peek().trim(),
      cursor,
    });
    if (life !== this.life) return;
    if (isFailure(page)) return this.failed(page, life, cursor);
    this.failures = 0;
    batch(() => {
      if (cursor === "") this.keptUnread.clear();
      for (const conversation of page.conversations) {
        if (conversation.unread > 0) this.keptUnread.add(conversation.id);
        this.ports.conversations.apply(conversation);
      }
      const ids = page.conversations.map(({ id }) => id);
      this.listed.value = new Set(cursor === "" ? ids : [...this.listed.peek(), ...ids]);
      this.cursor = page.cursor ?? "";
      this.hasMore.value = this.cursor !== "";
      this.failure.value = undefined;
      this.state.value = "ready";
    });
  }

  private failed(failure: Failure, life: number, cursor: string): void {
    batch(() => {
      this.failure.value = failure;
      if (cursor === "" && this.listed.peek().size === 0) this.state.value = "failed";
    });
    if (cursor !== "" || worthRetrying(failure) === "never") return;
    this.cancelRetry?.();
    this.cancelRetry = this.ports.clock.after(backoff(this.failures++, this.ports.random), () => {
      if (life === this.life) this.load(life, cursor).catch(() => undefined);
    });
  }

  private sorted(): readonly Conversation[] {
    const rows: Conversation[] = [];
    for (const id of this.listed.value) {
      const conversation = this.ports.conversations.get(id).value;
      if (conversation !== undefined) rows.push(conversation);
    }
    const order = this.order.value;
    return rows.sort((a, b) => this.compare(a, b, order));
  }

  private compare(a: Conversation, b: Conversation, order: InboxOrder = this.order.peek()): number {
    if (order === "unread") {
      const first = Number(this.keptUnread.has(b.id)) - Number(this.keptUnread.has(a.id));
      if (first !== 0) return first;
    }
    return b.last_at - a.last_at || (a.id < b.id ? 1 : -1);
  }
}
