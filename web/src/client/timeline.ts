import type { Message, Recall } from "../protocol/body.ts";

/** How far behind a timeline may be and still be completed; beyond, it starts over from the newest page. */
const worthCompleting = 200;

/**
 * One conversation's messages in order of seq, without gaps, whatever is told of them, in whatever order,
 * how often and with whatever left out. What does not fit yet is kept aside; `missing` says what to ask for.
 */
export class Timeline {
  private list: Message[] = [];
  private readonly early = new Map<number, Message>();
  /** Recalls of messages that are not here, or not yet. */
  private readonly recalls = new Map<number, Recall>();
  private head = 0;
  private loaded = false;
  /** Recalls up to here are known. */
  private recallRev = 0;
  private readonly changed: (messages: readonly Message[]) => void;

  constructor(changed: (messages: readonly Message[]) => void) {
    this.changed = changed;
  }

  get isLoaded(): boolean {
    return this.loaded;
  }

  get hasOlder(): boolean {
    const first = this.list[0];
    return this.loaded && first !== undefined && first.seq > 1;
  }

  /** The seq up to which everything from the oldest message on is here. */
  get upTo(): number {
    return this.list[this.list.length - 1]?.seq ?? 0;
  }

  get oldest(): number | undefined {
    return this.list[0]?.seq;
  }

  get recallsKnownTo(): number {
    return this.recallRev;
  }

  /** Forgets everything. */
  clear(): void {
    this.list = [];
    this.early.clear();
    this.recalls.clear();
    this.head = 0;
    this.recallRev = 0;
    this.loaded = false;
    this.changed(this.list);
  }

  /**
   * Starts from the newest page, which was asked for when the conversation stood at `rev` or later. An empty
   * page is a conversation without messages.
   */
  load(page: readonly Message[], rev: number): void {
    this.loaded = true;
    this.recallRev = rev;
    this.list = page.map((message) => this.withRecall(message));
    this.drain();
    this.changed(this.list);
  }

  /** A message is at least known to exist. */
  headAt(seq: number): void {
    this.head = Math.max(this.head, seq);
  }

  /** Adds a message, or takes what is newer about it. */
  add(message: Message): void {
    this.headAt(message.seq);
    if (!this.loaded) {
      this.early.set(message.seq, newer(this.early.get(message.seq), message));
    } else if (message.seq > this.upTo + 1) {
      this.early.set(message.seq, newer(this.early.get(message.seq), message));
    } else if (message.seq === this.upTo + 1) {
      this.list = [...this.list, this.withRecall(message)];
      this.drain();
      this.changed(this.list);
    } else {
      this.replace(message.seq, (known) => newer(known, message));
    }
  }

  /** Adds the page that was asked for with `missing`. Says whether it was of use. */
  fill(page: readonly Message[]): boolean {
    const before = this.upTo;
    for (const message of page) this.add(message);
    return this.upTo > before;
  }

  /** Adds the page before the oldest message. */
  prepend(page: readonly Message[]): void {
    const first = this.list[0];
    if (first === undefined) return;
    const older = page.filter((message) => message.seq < first.seq);
    if (older[older.length - 1]?.seq !== first.seq - 1) return; // of another time
    this.list = [...older.map((message) => this.withRecall(message)), ...this.list];
    this.changed(this.list);
  }

  recall(recall: Recall): void {
    this.recalls.set(recall.seq, recall);
    this.replace(recall.seq, (known) => tombstone(known, recall));
  }

  /** All recalls up to `rev` have been told. */
  recallsAt(rev: number): void {
    this.recallRev = Math.max(this.recallRev, rev);
  }

  /** Which messages have to be asked for: those after a seq, or all over again. */
  missing(): { after: number } | "newest" | undefined {
    if (!this.loaded || this.upTo >= this.head) return undefined;
    return this.head - this.upTo > worthCompleting || this.upTo === 0 ? "newest" : { after: this.upTo };
  }

  private replace(seq: number, change: (known: Message) => Message): void {
    const first = this.list[0];
    const index = first === undefined ? -1 : seq - first.seq;
    const known = this.list[index];
    if (known === undefined) return;
    const next = change(known);
    if (next === known) return;
    this.list = this.list.map((one) => (one === known ? next : one));
    this.changed(this.list);
  }

  private drain(): void {
    for (const seq of [...this.early.keys()].sort((a, b) => a - b)) {
      const message = this.early.get(seq);
      if (message === undefined || (seq > this.upTo + 1 && this.list.length > 0)) continue;
      this.early.delete(seq);
      if (seq === this.upTo + 1) this.list = [...this.list, this.withRecall(message)];
      else this.replace(seq, (known) => newer(known, message));
    }
  }

  private withRecall(message: Message): Message {
    const recall = this.recalls.get(message.seq);
    return recall === undefined ? message : tombstone(message, recall);
  }
}

/** Of two accounts of the same message the one that knows of its recall. */
function newer(known: Message | undefined, told: Message): Message {
  if (known === undefined) return told;
  return told.recalled_at !== undefined && known.recalled_at === undefined ? told : known;
}

function tombstone(message: Message, recall: Recall): Message {
  if (message.recalled_at !== undefined) return message;
  return { ...message, blocks: [], rev: Math.max(message.rev, recall.rev), recalled_at: recall.at };
}
