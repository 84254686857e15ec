/** The seller's quick phrases, as the server has them, and changes to them that show at once. */
import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Client, Failure } from "../../client/api.ts";
import { type Phrase, type Phrases, parsePhrases } from "../../protocol/phrase.ts";
import {
  allPhrases,
  between,
  hearing,
  isChinese,
  type OwnedPhrase,
  type Scope,
  type SoundsLike,
  STEP,
} from "../model/phrases.ts";

export type PhraseBook = {
  /** undefined until they are known. */
  readonly phrases: ReadonlySignal<Phrases | undefined>;
  readonly all: ReadonlySignal<readonly OwnedPhrase[]>;
  readonly failure: ReadonlySignal<Failure | undefined>;
  /** How Chinese sounds, once it is there: a large part that is loaded once there is any, or with the first slash. */
  readonly soundsLike: ReadonlySignal<SoundsLike | undefined>;
  /** What one looks for may not be found only because it is still to come. Never for long. */
  readonly coming: ReadonlySignal<boolean>;
  /** Asks for them, unless it was just asked: colleagues change the shop's. */
  fetch(): void;
  /** Asks for them, and for how they sound: somebody looks for one. */
  refresh(): void;
  /** Asks for them now: a colleague may have changed one that is written here. */
  latest(): Promise<Failure | undefined>;
  keep(scope: Scope, phrase: Phrase): Promise<Failure | undefined>;
  add(scope: Scope, title: string, text: string): Promise<Failure | undefined>;
  remove(scope: Scope, id: string): Promise<Failure | undefined>;
  /** Moves a phrase one up or down. */
  move(scope: Scope, id: string, by: 1 | -1): Promise<Failure | undefined>;
};

const freshFor = 20_000;
/** So long, in milliseconds, something is said to be coming. */
const comesWithin = 15_000;
const nothing = () => ({});
const none: Phrases = { mine: [], shop: [] };

export function openPhraseBook(client: Client): PhraseBook {
  return new LivePhraseBook(client);
}

class LivePhraseBook implements PhraseBook {
  readonly phrases = signal<Phrases | undefined>(undefined);
  readonly failure = signal<Failure | undefined>(undefined);
  readonly soundsLike = signal<SoundsLike | undefined>(undefined);
  readonly all = computed(() => allPhrases(this.known()));
  readonly coming = computed(() => {
    if (this.phrases.value === undefined) return !this.asked.value || this.loading.value > 0;
    return this.soundsLike.value === undefined && this.learning.value > 0 && this.all.value.some(isChinese);
  });
  /** Whether they were asked for: before that, they are about to be. */
  private readonly asked = signal(false);
  /** How much is under way, and has not been for too long. */
  private readonly loading = signal(0);
  private readonly learning = signal(0);
  private learns = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  readonly fetch = (): void => {
    if (performance.now() - this.askedAt > freshFor) void this.load();
  };

  readonly refresh = (): void => {
    this.listen();
    this.fetch();
  };

  latest(): Promise<Failure | undefined> {
    return this.load();
  }

  keep(scope: Scope, phrase: Phrase): Promise<Failure | undefined> {
    const { id, ...json } = phrase;
    this.show(scope, (list) => [...list.filter((other) => other.id !== id), phrase]);
    return this.write({ method: "PUT", path: path(scope, id), json });
  }

  add(scope: Scope, title: string, text: string): Promise<Failure | undefined> {
    const last = this.known()[scope].at(-1);
    const place = between(last?.place, undefined) ?? STEP;
    return this.keep(scope, { id: newId(), ...(title !== "" && { title }), text, place });
  }

  remove(scope: Scope, id: string): Promise<Failure | undefined> {
    this.show(scope, (list) => list.filter((other) => other.id !== id));
    return this.write({ method: "DELETE", path: path(scope, id) });
  }

  async move(scope: Scope, id: string, by: 1 | -1): Promise<Failure | undefined> {
    const list = this.known()[scope];
    const at = list.findIndex((phrase) => phrase.id === id);
    const phrase = list[at];
    if (phrase === undefined || list[at + by] === undefined) return undefined;
    const place = between(list[by < 0 ? at - 2 : at + 1]?.place, list[by < 0 ? at - 1 : at + 2]?.place);
    if (place !== undefined) return this.keep(scope, { ...phrase, place });
    // No room between those two: all of them are numbered anew.
    const order = list.filter((other) => other.id !== id);
    order.splice(at + by, 0, phrase);
    for (const [i, next] of order.entries()) {
      const failed = await this.keep(scope, { ...next, place: (i + 1) * STEP });
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  private known(): Phrases {
    return this.phrases.value ?? none;
  }

  private load(): Promise<Failure | undefined> {
    const answered = underWay(this.loading, this.ask());
    this.asked.value = true;
    return answered;
  }

  private async ask(): Promise<Failure | undefined> {
    this.askedAt = performance.now();
    const answer = await this.client.ask({ method: "GET", path: "/v1/phrases" }, parsePhrases);
    if ("code" in answer) {
      this.askedAt = Number.NEGATIVE_INFINITY;
      this.failure.value = answer;
      return answer;
    }
    this.failure.value = undefined;
    batch(() => {
      this.phrases.value = answer;
      if (this.all.value.some(isChinese)) this.listen();
    });
    return undefined;
  }

  private listen(): void {
    if (this.learns || this.soundsLike.peek() !== undefined) return;
    this.learns = true;
    const learnt = import("pinyin-pro").then(
      ({ match }) => {
        this.soundsLike.value = hearing(match);
      },
      () => {
        this.learns = false; // then Chinese is found by its characters, until the next slash
      },
    );
    void underWay(this.learning, learnt);
  }

  private show(scope: Scope, change: (list: readonly Phrase[]) => readonly Phrase[]): void {
    const now = this.known();
    const list = [...change(now[scope])].sort((a, b) => a.place - b.place || (a.id < b.id ? -1 : 1));
    this.phrases.value = { ...now, [scope]: list };
  }

  /** What the server did not take is not shown any more. */
  private async write(request: Parameters<Client["ask"]>[0]): Promise<Failure | undefined> {
    const answer: object = await this.client.ask(request, nothing);
    if (!isFailure(answer)) return undefined;
    await this.load();
    return answer;
  }
}

/** Counts something among what is under way until it is there or takes too long. Who asks for it does not follow the count. */
function underWay<T>(count: Signal<number>, coming: Promise<T>): Promise<T> {
  const over = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    count.value = count.peek() - 1;
  };
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(over, comesWithin);
  count.value = count.peek() + 1;
  return coming.finally(over);
}

function isFailure(answer: object): answer is Failure {
  return "code" in answer;
}

function path(scope: Scope, id: string): string {
  return `/v1/phrases/${scope}/${encodeURIComponent(id)}`;
}

/** Unguessable is not needed: it is an owner's own. Also where the page has no secure context. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
