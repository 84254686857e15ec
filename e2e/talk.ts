import { randomBytes, randomUUID } from "node:crypto";
import { deflateSync } from "node:zlib";
import { type APIRequestContext, expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./harness.ts";

/** Where a message of one's own stands, in the page's words. */
export type Standing = "waiting to be sent" | "sending" | "sent" | "delivered" | "read" | "not sent";

/** What pictures need, and what that imports. */
const pictureParts = ["mixed-body", "picked", "picture", "later", "app-menu", "enter-choice", "failure-note", "failure-text", "icon", "sections"];

/** A thread, on the screen of a buyer or of a seller. */
export class Thread {
  readonly page: Page;
  readonly log: Locator;
  /** Where one writes: the buyer's text field, the seller's editor of text and pictures. */
  readonly field: Locator;
  readonly send: Locator;

  constructor(page: Page) {
    this.page = page;
    this.log = page.getByRole("log");
    this.field = page.locator(".composer-field, #editor");
    this.send = page.locator(".composer-send, .c-send");
  }

  /** Writes a text and sends it with the button, as on a phone. */
  async say(text: string): Promise<void> {
    await this.field.fill(text);
    await this.send.click();
  }

  /** The messages, oldest first; what was taken back is one too. */
  get messages(): Locator {
    return this.log.locator("[data-key]");
  }

  /** The message with this text. */
  message(text: string): Locator {
    return this.log.getByRole("article").filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** Waits until the parts are there that pictures need: they come when the page stands already. */
  async expectPictureParts(): Promise<void> {
    const missing = (parts: readonly string[]) => {
      const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
      return parts.filter((part) => !loaded.some((name) => name.includes(`/assets/${part}-`)));
    };
    await expect.poll(() => this.page.evaluate(missing, pictureParts)).toEqual([]);
  }

  /** Waits until one's own message stands so. */
  async expectStanding(text: string, standing: Standing): Promise<void> {
    await expect(this.message(text)).toHaveAccessibleName(new RegExp(`, ${standing}$`));
  }

  /** Every text in the thread, exactly as it is drawn. */
  async texts(): Promise<string[]> {
    return await this.log.locator(".rich-text").evaluateAll((all) => all.map((p) => p.textContent ?? ""));
  }

  /** Opens the menu of a message, with the mouse by its button, with a finger by a long press. */
  async openMenu(message: Locator): Promise<void> {
    await message.hover();
    const menu = this.page.getByRole("menu");
    if (!(await this.page.evaluate(() => matchMedia("(pointer: coarse)").matches))) {
      await message.locator(".entry-more").click();
      await expect(menu).toBeVisible();
      return;
    }
    const bubble = message.locator(".bubble-box");
    // What hears it comes a moment after the messages: a finger that was sooner presses once more.
    await expect(async () => {
      await bubble.dispatchEvent("pointerdown", { pointerType: "touch" });
      await expect(menu).toBeVisible({ timeout: 2_000 });
    }).toPass({ timeout: 15_000 });
    await bubble.dispatchEvent("pointerup", { pointerType: "touch" });
  }

  /** Opens the menu of a message and chooses from it. */
  async choose(message: Locator, action: string): Promise<void> {
    await this.openMenu(message);
    await this.page.getByRole("menuitem", { name: action }).click();
  }
}

/** The seller's thread with a buyer: opens it from the list. */
export async function answerTo(console: Page, buyer: string): Promise<Thread> {
  await row(console, buyer).click();
  await expect(console.getByRole("heading", { level: 2, name: buyer })).toBeVisible();
  return new Thread(console);
}

/** The row of a conversation, in the seller's list or in the buyer's. */
export function row(page: Page, name: string): Locator {
  return page.locator(".c-row, .inbox-row").filter({ hasText: name });
}

type Side = "buyer" | "merchant";
export type StoredBlock = { type: string; text?: string; image?: { file: string; width: number; height: number } };
export type StoredMessage = {
  seq: number;
  sender: string;
  nonce: string;
  blocks: StoredBlock[];
  recalled_at?: number;
};
type StoredConversation = {
  id: string;
  merchant: { uid: string };
  unread: number;
  last_seq: number;
  last?: StoredMessage;
  buyer_at: { read: number };
};

type Destination = { product: string } | { conversation: string };

/** What the server keeps, asked for over its API with the token that the person's page gets. */
export class Record {
  readonly #request: APIRequestContext;
  readonly #url: string;
  readonly #token: string;

  private constructor(request: APIRequestContext, url: string, token: string) {
    this.#request = request;
    this.#url = url;
    this.#token = token;
  }

  static async of(person: Person, side: Side): Promise<Record> {
    const url = person.url;
    const answer = await person.context.request.post(`${url}/v1/token`, {
      data: { side },
      headers: { Origin: url },
    });
    expect(answer.status()).toBe(200);
    const { token } = (await answer.json()) as { token: string };
    return new Record(person.context.request, url, token);
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const answer = await this.#request.get(this.#url + path, {
      headers: { Authorization: `Bearer ${this.#token}` },
    });
    return { status: answer.status(), body: await answer.json() };
  }

  async put(path: string, body: object): Promise<void> {
    const answer = await this.#request.put(this.#url + path, { data: body, headers: { Authorization: `Bearer ${this.#token}` } });
    expect(answer.status(), await answer.text()).toBeLessThan(300);
  }

  /** Uploads what may be no picture at all; says how that was answered. */
  async upload(key: string, bytes: string | Buffer, type: string): Promise<{ status: number; code: string; id: string }> {
    const answer = await this.#request.put(`${this.#url}/v1/files/${key}`, {
      data: bytes,
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": type },
    });
    const body = (await answer.json()) as { id?: string; error?: { code: string } };
    return { status: answer.status(), code: body.error?.code ?? "", id: body.id ?? "" };
  }

  /** The addresses of pictures, of those that this person may see. */
  async fileUrls(ids: readonly string[]): Promise<{ files: { [id: string]: { url: string } } }> {
    const answer = await this.#request.post(`${this.#url}/v1/files/urls`, {
      data: { ids },
      headers: { Authorization: `Bearer ${this.#token}` },
    });
    return (await answer.json()) as { files: { [id: string]: { url: string } } };
  }

  async fileUrl(id: string): Promise<{ url: string }> {
    const { files } = await this.fileUrls([id]);
    const found = files[id];
    if (found === undefined) throw new Error(`no address for ${id}`);
    return found;
  }

  async conversations(): Promise<StoredConversation[]> {
    const { body } = await this.get("/v1/conversations");
    return (body as { conversations: StoredConversation[] }).conversations;
  }

  /** The one conversation there is. */
  async conversation(): Promise<StoredConversation> {
    const all = await this.conversations();
    expect(all).toHaveLength(1);
    const [only] = all;
    if (only === undefined) throw new Error("no conversation");
    return only;
  }

  /** Says something without a page: a long history is soon there. */
  async send(to: Destination, text: string): Promise<void> {
    await this.#send(to, [{ type: "text", text }]);
  }

  async show(to: Destination, bytes: Buffer): Promise<void> {
    const { id } = await this.upload(randomUUID(), bytes, "image/png");
    await this.#send(to, [{ type: "image", file: id }]);
  }

  async #send(to: Destination, blocks: readonly object[]): Promise<void> {
    // Without the runner's account of every step, which takes longer than the step.
    const answer = await fetch(`${this.#url}/v1/messages`, {
      method: "POST",
      body: JSON.stringify({ ...to, nonce: randomUUID(), blocks }),
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
    });
    if (!answer.ok) throw new Error(`not sent: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }

  /** All messages of the one conversation, oldest first. */
  async messages(): Promise<StoredMessage[]> {
    const { id } = await this.conversation();
    const all: StoredMessage[] = [];
    for (let more = true; more; ) {
      const after = all.at(-1)?.seq ?? 0;
      const { body } = await this.get(`/v1/conversations/${id}/messages?after=${after}`);
      const page = body as { messages: StoredMessage[]; more?: boolean };
      all.push(...page.messages);
      more = page.more === true;
    }
    expect(all.map((m) => m.seq), "a conversation counts without gaps").toEqual(all.map((_, i) => i + 1));
    return all;
  }

  async texts(): Promise<string[]> {
    return (await this.messages()).flatMap((m) => m.blocks.flatMap((b) => (b.text === undefined ? [] : [b.text])));
  }
}

/** A picture file to choose, of one colour. */
export function picture(name: string, width = 320, height = 240, colour = [196, 90, 60]) {
  return { name, mimeType: "image/png", buffer: png(width, height, colour) };
}

/** One with as much in it as a photograph has: it takes megabytes. */
export function photo(name: string, width: number, height: number) {
  const lines = Array.from({ length: height }, () => {
    const line = randomBytes(1 + width * 3);
    line[0] = 0;
    return line;
  });
  return { name, mimeType: "image/png", buffer: pngOf(width, height, lines) };
}

/** The smallest program that draws a PNG. */
export function png(width: number, height: number, colour: readonly number[]): Buffer {
  const line = Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  return pngOf(width, height, Array.from({ length: height }, () => line));
}

function pngOf(width: number, height: number, lines: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // eight bits of red, green and blue
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(lines))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc(named), named.length + 4);
  return framed;
}

function crc(data: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

/** Chooses pictures with the page's own chooser. */
export async function pick(page: Page, ...files: ReturnType<typeof picture>[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: /^(Add pictures|添加图片)$/ }).click();
  await (await chooser).setFiles(files);
}

/** Pastes a picture where the caret is, as after copying one elsewhere. */
export async function paste(field: Locator, file: ReturnType<typeof picture>): Promise<void> {
  await field.evaluate(
    (at, { name, type, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      at.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    },
    { name: file.name, type: file.mimeType, bytes: [...file.buffer] },
  );
}

/** Drags a picture over something and lets go. Says whether the page took it; else the browser would show it instead. */
export async function dropOn(place: Locator, file: ReturnType<typeof picture>): Promise<{ over: boolean; taken: boolean }> {
  return await place.evaluate(
    (at, { name, type, bytes }) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], name, { type }));
      const box = at.getBoundingClientRect();
      const [clientX, clientY] = [box.x + box.width / 2, box.y + box.height / 2];
      const say = (event: string) =>
        !at.dispatchEvent(new DragEvent(event, { dataTransfer: data, bubbles: true, cancelable: true, clientX, clientY }));
      say("dragenter");
      return { over: say("dragover"), taken: say("drop") };
    },
    { name: file.name, type: file.mimeType, bytes: [...file.buffer] },
  );
}
