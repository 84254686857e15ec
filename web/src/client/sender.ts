import { batch, type Signal } from "@preact/signals-core";
import type { Ack, DraftBlock, Message, Send } from "../protocol/body.ts";
import type { File } from "../protocol/file.ts";
import type { Failure, Piece, Tick } from "./api.ts";
import { backoff } from "./backoff.ts";
import { isFailure, worthRetrying } from "./failure.ts";
import { byOrder, isWaiting, type Outgoing, waiting } from "./outgoing.ts";
import type { Channel, Clock, OutboxItem, Sending } from "./ports.ts";
import type { Rest } from "./rest.ts";
import { type FromTab, parseFromTab } from "./tabs.ts";
import { uploadPicture } from "./upload.ts";

/** What waited longer than this is not sent without asking. */
export const staleAfter = 10 * 60_000;
/** How often a failure that may pass by itself, but need not, is tried again. */
const patience = 6;
/** A leading tab that says nothing for so long, though something waits, may be frozen by the device. */
const trust = 5_000;

export type SenderPorts = {
  clock: Clock;
  random(): number;
  rest: Rest;
  sending: Sending;
  send(send: Send): Promise<Ack | Failure>;
  /** A message was stored; `repeat` says that it may have been before, and have changed since. */
  stored(item: OutboxItem, ack: Ack, repeat: boolean): void;
  /** Another tab sent this one. */
  storedElsewhere(message: Message, pos: number | undefined): void;
  /** The user signed out in another tab. */
  signedOutElsewhere(): void;
};

type Lane = { busy: boolean; attempt: number; cancelWait: (() => void) | undefined };

/**
 * Keeps the messages of an outbox on the device until they are stored, and sends them, in the order they were
 * written. All tabs see the same; one of them sends, one message per conversation at a time.
 */
export class Sender {
  private readonly list: Signal<readonly Outgoing[]>;
  private readonly lanes = new Map<string, Lane>();
  private readonly uploads = new Map<string, () => void>();
  /** What has left the outbox: a word of another tab that crossed with that must not bring it back. */
  private readonly left = new Set<string>();
  /** What another tab has taken up again. */
  private readonly back = new Set<string>();
  /** What is on the device, or is another tab's to keep there. */
  private readonly kept = new Set<string>();
  private readonly ports: SenderPorts;
  private scope: string | undefined;
  /** Whose messages are in the list. */
  private owner: string | undefined;
  private channel: Channel | undefined;
  private endLead: (() => void) | undefined;
  private leading = false;
  private online = false;
  private leadHeardAt = 0;
  private writes: Promise<void> = Promise.resolve();
  /** What the device is given to keep just now. */
  private keeping: string | undefined;
  private rechecking = 0;

  constructor(ports: SenderPorts, list: Signal<readonly Outgoing[]>) {
    this.ports = ports;
    this.list = list;
  }

  /** Takes up what `scope`, one user on this device, has waiting. */
  open(scope: string): void {
    if (this.scope === scope) return;
    this.close();
    // What another user left in this tab is theirs: kept on the device, neither shown nor sent.
    if (this.owner !== undefined && this.owner !== scope) this.list.value = [];
    this.scope = scope;
    this.owner = scope;
    for (const { item } of this.list.peek()) this.keep(item); // written before it was known whose it is
    this.channel = this.ports.sending.openChannel(`haggle-outbox-${scope}`, (message) => {
      const told = parseFromTab(message);
      if (told !== undefined) this.received(told);
    });
    this.load().catch(() => undefined);
    this.endLead = this.ports.sending.lead(`haggle-outbox-${scope}`, () => {
      this.leading = true;
      // The tab that led before may have left items that this one never heard of.
      this.load()
        .catch(() => undefined)
        .then(() => this.pumpAll())
        .catch(() => undefined);
    });
  }

  close(): void {
    this.endLead?.();
    this.channel?.close();
    this.endLead = undefined;
    this.channel = undefined;
    this.leading = false;
    this.scope = undefined;
    for (const cancel of this.uploads.values()) cancel();
    for (const lane of this.lanes.values()) lane.cancelWait?.();
    this.lanes.clear();
  }

  /** Forgets everything that waits, here, in the other tabs and on the device. */
  async clear(): Promise<void> {
    const { scope } = this;
    this.channel?.post({ kind: "signed_out" } satisfies FromTab);
    if (scope !== undefined) this.ports.sending.store.forget(scope);
    this.close();
    this.list.value = [];
    await this.writes;
    if (scope !== undefined) await this.ports.sending.store.clear(scope);
  }

  /** Whether a message outlasts the page without it. */
  hasKept(nonce: string): boolean {
    return this.kept.has(nonce);
  }

  /**
   * Drops what of these has gone from the device while this page stood still, unless it was never there and is as it
   * was left; and shows what has come. Until that is known nothing is sent.
   */
  async recheck(scope: string | undefined, doubtful: readonly Outgoing[]): Promise<void> {
    if (scope === undefined) return;
    const { store } = this.ports.sending;
    const asked = doubtful.filter(({ item: { nonce } }) => this.kept.has(nonce) || !store.isLeft(nonce));
    this.rechecking++;
    const kept = await store.all(scope).catch(() => undefined);
    const gone = asked.filter(({ item }) => kept?.every(({ nonce }) => nonce !== item.nonce));
    for (const { item } of gone) this.left.add(item.nonce);
    this.list.value = this.list
      .peek()
      .filter(({ item }) => !gone.some((one) => one.item.nonce === item.nonce));
    await this.load();
    this.rechecking--;
    this.pumpAll();
  }

  /** The server can be reached, or not. */
  setOnline(online: boolean): void {
    if (this.online === online) return;
    this.online = online;
    if (!online) return;
    for (const lane of this.lanes.values()) {
      lane.cancelWait?.();
      lane.cancelWait = undefined;
      lane.attempt = 0;
    }
    this.markStale();
    this.pumpAll();
  }

  /** Takes over a message that was written here. */
  take(item: OutboxItem): void {
    this.left.delete(item.nonce);
    this.put(item);
    this.pump(item);
    this.watchLead(item.nonce);
  }

  /** Sends a failed or old message after all, and those of its run after it. */
  retry(nonce: string): void {
    const first = this.find(nonce);
    if (first === undefined) return;
    batch(() => {
      for (const { item } of this.run(first)) {
        const { failure: _, stale: __, ...rest } = item;
        this.put({ ...rest, queuedAt: this.ports.clock.now() });
      }
    });
    const lane = this.lanes.get(laneOf(first));
    if (lane !== undefined) lane.attempt = 0;
    this.pump(first);
    this.watchLead(nonce);
  }

  /** What it returns takes the message up again: the same one, should it have been sent after all. */
  discard(nonce: string): () => void {
    const item = this.find(nonce);
    const { scope } = this;
    this.remove(nonce);
    this.channel?.post({ kind: "gone", nonce } satisfies FromTab);
    return () => {
      if (item === undefined || scope !== this.scope) return;
      this.left.delete(nonce);
      if (scope !== undefined) this.ports.sending.store.forget(scope, nonce);
      this.channel?.post({ kind: "back", nonce } satisfies FromTab);
      this.take(item);
    };
  }

  /** A message with this nonce is stored: its event is as good as its ack. */
  echoed(nonce: string): void {
    if (this.find(nonce) !== undefined) this.discard(nonce);
  }

  /** The conversation with `peer` has a name by now. */
  adopt(peer: string, conversation: string): void {
    for (const { item } of this.list.peek()) {
      if (item.peer === peer && item.conversation === undefined) this.put({ ...item, conversation });
    }
  }

  private async load(): Promise<void> {
    const { scope } = this;
    if (scope === undefined) return;
    const { store } = this.ports.sending;
    const kept = await store.all(scope).catch(() => undefined);
    if (scope !== this.scope) return;
    const here = new Set(this.list.peek().map(({ item }) => item.nonce));
    const isNew = ({ nonce }: OutboxItem): boolean => !here.has(nonce) && !this.left.has(nonce);
    const news = (kept ?? []).filter(isNew);
    const left = store.left(scope, kept ?? []).filter(isNew);
    if (news.length + left.length === 0) return;
    batch(() => {
      for (const { nonce } of news) this.kept.add(nonce);
      this.list.value = [...this.list.peek(), ...news.map(waiting)].sort(byOrder);
      // What the device has, and did not say, is better than what was left of it.
      for (const item of left)
        if (kept === undefined) this.show(item);
        else this.put(item);
      if (this.online) this.markStale();
    });
    this.pumpAll();
  }

  private received(told: FromTab): void {
    if (told.kind === "fares" || told.kind === "stored") this.leadHeardAt = this.ports.clock.now();
    switch (told.kind) {
      case "back":
        this.left.delete(told.nonce);
        this.back.add(told.nonce);
        return;
      case "put": {
        const known = this.find(told.item.nonce);
        const item = merged(known, told.item);
        // What was deleted here too may have been removed after the other tab had kept it again.
        if (this.back.delete(item.nonce)) this.keep(item);
        else if (known === undefined) this.kept.add(item.nonce);
        if (known !== undefined && known.pieces.length > told.item.pieces.length) this.put(item);
        else this.show(item);
        this.pump(item);
        return;
      }
      case "fares":
        return this.fares(told.nonce, told.tick, told.progress);
      case "stored":
        this.ports.storedElsewhere(told.message, told.pos);
        return this.remove(told.message.nonce);
      case "gone":
        return this.remove(told.nonce);
      case "signed_out":
        this.close();
        this.list.value = [];
        return this.ports.signedOutElsewhere();
    }
  }

  /**
   * Devices freeze tabs that nobody looks at, with the lead still theirs. What waits here is then sent from
   * here: should both do it after all, the nonce makes that one message.
   */
  private watchLead(nonce: string): void {
    if (this.leading) return;
    this.ports.clock.after(trust, () => {
      const waits = this.list.peek().some(({ item }) => item.nonce === nonce && isWaiting(item));
      if (this.leading || !waits) return;
      if (this.online && this.scope !== undefined && this.ports.clock.now() - this.leadHeardAt >= trust) {
        this.leading = true;
        this.pumpAll();
      } else this.watchLead(nonce);
    });
  }

  private isOld(item: OutboxItem): boolean {
    return item.queuedAt < this.ports.clock.now() - staleAfter;
  }

  /** Marks what waited so long that the user has to be asked, and what was written after it. */
  private markStale(only?: string): void {
    const lanes = new Set<string>();
    for (const { item } of this.list.peek()) {
      if (!isWaiting(item) || (only !== undefined && laneOf(item) !== only)) continue;
      if (this.isOld(item)) lanes.add(laneOf(item));
      if (lanes.has(laneOf(item))) this.put({ ...item, stale: true });
    }
  }

  private pumpAll(): void {
    for (const { item } of this.list.peek()) this.pump(item);
  }

  /** Sends the first message that waits in the lane of `any`, unless one is under way. */
  private pump(any: OutboxItem): void {
    if (!this.leading || !this.online || this.scope === undefined || this.rechecking > 0) return;
    const key = laneOf(any);
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = { busy: false, attempt: 0, cancelWait: undefined };
      this.lanes.set(key, lane);
    }
    if (lane.busy || lane.cancelWait !== undefined) return;
    const next = this.list.peek().find(({ item }) => laneOf(item) === key && isWaiting(item));
    if (next === undefined) return;
    // It may have grown old in a device that slept, with a connection that did not end.
    if (this.isOld(next.item)) return this.markStale(key);
    lane.busy = true;
    const held = lane;
    const odd: Failure = { code: "internal", message: "not sent" };
    this.transmit(next.item)
      .catch(() => odd)
      .then((failure) => this.settled(next.item.nonce, held, failure))
      .catch(() => undefined);
  }

  private settled(nonce: string, lane: Lane, failure: Failure | undefined): void {
    lane.busy = false;
    const item = this.find(nonce);
    if (failure === undefined || item === undefined) {
      lane.attempt = 0;
      return this.pumpAll();
    }
    this.fares(nonce, "queued", 0);
    const worth = worthRetrying(failure);
    if (worth === "never" || (worth === "some" && lane.attempt >= patience)) return this.fail(item, failure);
    if (!this.online) return; // it goes on when the connection is back
    const wait = (failure.retryAfterMs ?? 0) + backoff(lane.attempt++, this.ports.random);
    lane.cancelWait = this.ports.clock.after(wait, () => {
      lane.cancelWait = undefined;
      this.pump(item);
    });
  }

  /** What was written after a message that failed may make no sense without it: the user decides. */
  private fail(failed: OutboxItem, failure: Failure): void {
    const earlier: Failure = { code: "earlier_failed", message: "the message before was not sent" };
    batch(() => {
      for (const { item } of this.list.peek()) {
        if (laneOf(item) !== laneOf(failed) || item.order < failed.order || !isWaiting(item)) continue;
        this.put({ ...item, failure: item.nonce === failed.nonce ? failure : earlier });
      }
    });
  }

  /** Uploads and sends; says what went wrong, undefined when it is stored or was given up. */
  private async transmit(start: OutboxItem): Promise<Failure | undefined> {
    const uploaded = await this.uploadAll(start);
    if (isFailure(uploaded)) return uploaded;
    const item = this.find(start.nonce);
    if (item === undefined || !isWaiting(item)) return undefined;
    this.fares(item.nonce, "sending", 1);
    const repeat = item.tried;
    if (!repeat) this.put({ ...item, tried: true });
    const ack = await this.ports.send(requestOf(item));
    if (!isFailure(ack)) {
      // Also if it has left the outbox: another tab saw its event first, or it was discarded too late.
      this.acknowledged(item, ack, repeat);
      return undefined;
    }
    if (this.find(item.nonce) === undefined) return undefined;
    if (ack.code === "file_not_yours" && start.files.some((file) => file !== undefined)) {
      // Swept while the message waited: the same bytes, once more.
      this.put({ ...item, tried: false, files: item.pieces.map(() => undefined) });
      return { code: "unavailable", message: "a picture has to be uploaded again" };
    }
    return ack;
  }

  private acknowledged(item: OutboxItem, ack: Ack, repeat: boolean): void {
    batch(() => {
      if (ack.conversation !== undefined && item.peer !== undefined) this.adopt(item.peer, ack.conversation);
      this.ports.stored(item, ack, repeat);
      this.remove(item.nonce);
    });
  }

  /** Tells the other tabs of a message that this one sent. */
  tell(message: Message, pos: number | undefined): void {
    this.channel?.post({ kind: "stored", message, ...(pos !== undefined && { pos }) } satisfies FromTab);
  }

  private async uploadAll(start: OutboxItem): Promise<Failure | undefined> {
    const shares: number[] = start.pieces.map((piece, i) =>
      piece.type !== "image" || start.files[i] ? 1 : 0,
    );
    const images = start.pieces.filter((piece) => piece.type === "image").length;
    const report = (): void => {
      const rest = shares.reduce((sum, share) => sum + 1 - share, 0);
      this.fares(start.nonce, "uploading", images === 0 ? 1 : 1 - rest / images);
    };
    for (const [i, piece] of start.pieces.entries()) {
      if (piece.type !== "image" || start.files[i] !== undefined) continue;
      if (this.find(start.nonce) === undefined) return undefined;
      report();
      const upload = uploadPicture(this.ports, `${start.nonce}.${i}`, piece.picture, (share) => {
        shares[i] = Math.min(share, 0.99);
        report();
      });
      this.uploads.set(start.nonce, upload.cancel);
      const file: File | Failure = await upload.result;
      this.uploads.delete(start.nonce);
      if (isFailure(file)) return file;
      shares[i] = 1;
      const item = this.find(start.nonce);
      if (item !== undefined) this.put({ ...item, files: item.files.with(i, file.id) });
    }
    return undefined;
  }

  /** Keeps an item, shows it, and tells the other tabs. */
  private put(item: OutboxItem): void {
    this.show(item);
    this.keep(item);
    this.channel?.post({ kind: "put", item } satisfies FromTab);
  }

  private show(item: OutboxItem): void {
    if (this.left.has(item.nonce)) return;
    const list = this.list.peek();
    const at = list.findIndex((other) => other.item.nonce === item.nonce);
    const known = list[at];
    if (known === undefined) {
      this.list.value = [...list, waiting(item)].sort(byOrder);
      return;
    }
    const fares = isWaiting(item) && known.tick !== "failed" ? known : waiting(item);
    this.list.value = list.with(at, { ...fares, item });
  }

  private fares(nonce: string, tick: Tick, progress: number): void {
    const list = this.list.peek();
    const at = list.findIndex(({ item }) => item.nonce === nonce);
    const known = list[at];
    if (known === undefined || (known.tick === tick && known.progress === progress)) return;
    this.list.value = list.with(at, { ...known, tick, progress });
    if (this.leading) this.channel?.post({ kind: "fares", nonce, tick, progress } satisfies FromTab);
  }

  private remove(nonce: string): void {
    const item = this.find(nonce);
    const kept = this.kept.delete(nonce) || this.keeping === nonce;
    this.left.add(nonce);
    this.uploads.get(nonce)?.();
    this.list.value = this.list.peek().filter((other) => other.item.nonce !== nonce);
    const { scope } = this;
    if (scope !== undefined) {
      this.ports.sending.store.forget(scope, nonce, kept);
      this.write(() => {
        this.kept.delete(nonce); // also if it was taken up again while it was being kept
        return this.ports.sending.store.remove(scope, nonce);
      });
    }
    if (item !== undefined) this.pump(item);
  }

  private keep(item: OutboxItem): void {
    const { scope } = this;
    if (scope === undefined) return;
    this.write(async () => {
      if (this.left.has(item.nonce)) return;
      this.keeping = item.nonce;
      // A device without storage, or with a full one, still sends.
      await this.ports.sending.store.put(scope, item).finally(() => {
        this.keeping = undefined;
      });
      if (!this.left.has(item.nonce)) this.kept.add(item.nonce);
    });
  }

  /** One write after the other, so that a put never lands after its remove. */
  private write(job: () => Promise<void>): void {
    this.writes = this.writes.then(job).catch(() => undefined);
  }

  private find(nonce: string): OutboxItem | undefined {
    return this.list.peek().find(({ item }) => item.nonce === nonce)?.item;
  }

  /** `first` and everything after it in its lane that waits for the user's word. */
  private run(first: OutboxItem): readonly Outgoing[] {
    return this.list
      .peek()
      .filter(({ item }) => laneOf(item) === laneOf(first) && item.order >= first.order && !isWaiting(item));
  }
}

/** Items of one lane are sent in order: by whom they go to, with or without a conversation yet. */
export function laneOf(item: OutboxItem): string {
  return item.peer ?? item.conversation ?? "";
}

/** Tabs tell each other of an item at the same time: what has been done for it is done. */
function merged(known: OutboxItem | undefined, told: OutboxItem): OutboxItem {
  if (known === undefined) return told;
  const conversation = told.conversation ?? known.conversation;
  // A page that could not leave all of it behind has less of it.
  const most = told.pieces.length < known.pieces.length ? known : told;
  return {
    ...most,
    ...(conversation !== undefined && { conversation }),
    files: most.files.map((file, i) => file ?? known.files[i]),
    tried: told.tried || known.tried,
  };
}

/** The request for an item: the same each time, but for the conversation, which may have a name by now. */
function requestOf(item: OutboxItem): Send {
  return {
    ...(item.conversation !== undefined && { conversation: item.conversation }),
    ...(item.product !== undefined && { product: item.product }),
    ...(item.conversation === undefined && item.peer !== undefined && { merchant: item.peer }),
    nonce: item.nonce,
    blocks: item.pieces.map((piece, i) => blockOf(piece, item.files[i])),
  };
}

function blockOf(piece: Piece, file: string | undefined): DraftBlock {
  switch (piece.type) {
    case "text":
      return { type: "text", text: piece.text };
    case "image":
      return { type: "image", file: file ?? "" };
    case "product":
      return { type: "product", product: piece.product.id };
  }
}
