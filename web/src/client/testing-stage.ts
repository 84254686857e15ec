/** For tests only: a server, the pages that people have open on it, and what they look at. */
import { effect } from "@preact/signals-core";
import type { Client, Thread } from "./api.ts";
import { isFailure } from "./failure.ts";
import { FakeClock } from "./testing.ts";
import { type FakeDevice, FakeServer } from "./testing-server.ts";

export class Stage {
  readonly clock = new FakeClock();
  readonly server = new FakeServer(this.clock);
  /** Ends what is looked at. */
  readonly undo: (() => void)[] = [];
  private readonly clients: Client[] = [];

  /** Opens a page, which stays until the end. */
  started(device: FakeDevice, random?: () => number): Client {
    const client = device.tab(random);
    this.clients.push(client);
    client.start();
    return client;
  }

  look(thread: Thread): void {
    this.undo.push(effect(() => void thread.entries.value));
  }

  /** Opens the thread about a product, and looks at it. */
  async about(client: Client, product: string): Promise<Thread> {
    const promise = client.threadAbout(product);
    await this.clock.pass(10);
    const begun = await promise;
    if (isFailure(begun)) throw new Error(begun.code);
    this.look(begun.thread);
    await this.clock.pass(10);
    return begun.thread;
  }

  end(): void {
    for (const fn of this.undo) fn();
    for (const client of this.clients) client.stop();
  }
}

export const text = (words: string) => [{ type: "text" as const, text: words }];

export const picture = () => ({
  type: "image" as const,
  picture: { bytes: new Blob(["x"], { type: "image/png" }), width: 2, height: 1 },
});
