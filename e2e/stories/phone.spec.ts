/** What a phone makes hard: the zoom, the sheet, the keyboard, the corners and the finger on the history. */
import type { CDPSession } from "@playwright/test";
import { desktop, expect, type Page, phone } from "../harness.ts";
import { answerTo, pick, picture, Record, row, Thread } from "../talk.ts";
import { haggle, inFrame, launcher, opened, panel, said, test } from "../visit.ts";

const [width, height] = [390, 844];

/** What a finger does. */
class Finger {
  readonly #cdp: CDPSession;
  #at = { x: width / 2, y: height / 2 };

  private constructor(cdp: CDPSession) {
    this.#cdp = cdp;
  }

  static async on(page: Page): Promise<Finger> {
    return new Finger(await page.context().newCDPSession(page));
  }

  async down(y: number): Promise<void> {
    this.#at = { ...this.#at, y };
    await this.#touch("touchStart", [this.#at]);
  }

  /** Pulls what it is on down by so much, or up if it is less than nothing. */
  async pull(by: number): Promise<void> {
    for (let left = Math.abs(by); left > 0; left -= 10) {
      this.#at = { ...this.#at, y: this.#at.y + Math.sign(by) * Math.min(10, left) };
      await this.#touch("touchMove", [this.#at]);
    }
  }

  async up(): Promise<void> {
    await this.#touch("touchEnd", []);
  }

  /** Throws what it is on down: it glides on by itself. */
  async fling(): Promise<void> {
    await this.down(height / 3);
    for (let i = 0; i < 6; i++) {
      this.#at = { ...this.#at, y: this.#at.y + 60 };
      await this.#touch("touchMove", [this.#at]);
    }
    await this.up();
  }

  async pinch(scaleFactor: number): Promise<void> {
    await this.#cdp.send("Input.synthesizePinchGesture", { x: width / 2, y: height / 3, scaleFactor });
  }

  async #touch(type: "touchStart" | "touchMove" | "touchEnd", touchPoints: { x: number; y: number }[]): Promise<void> {
    await this.#cdp.send("Input.dispatchTouchEvent", { type, touchPoints });
  }
}

/** Two frames are drawn: what came of the last change is on the screen. */
const drawn = (page: Page) =>
  page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));

/** A keyboard as iOS has it: it covers the page, which keeps its size and may be shifted up beneath it. */
async function cover(page: Page, visible: { height: number; offsetTop?: number } | undefined): Promise<void> {
  await page.evaluate((seen) => {
    const viewport = window.visualViewport;
    if (viewport === null) throw new Error("no visual viewport");
    for (const name of ["height", "offsetTop"] as const) {
      if (seen === undefined) delete (viewport as { height?: number; offsetTop?: number })[name];
      else Object.defineProperty(viewport, name, { configurable: true, get: () => seen[name] ?? 0 });
    }
    viewport.dispatchEvent(new Event("resize"));
    viewport.dispatchEvent(new Event("scroll"));
  }, visible);
  await drawn(page);
}

/** Where something ends, in the page that has the keyboard. */
async function bottomOf(locator: ReturnType<Page["locator"]>): Promise<number> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("not on the screen");
  return box.y + box.height;
}

async function chatWith(page: Page, messages: number): Promise<Thread> {
  const thread = new Thread(page);
  await expect(thread.field).toBeVisible();
  for (let i = 1; i <= messages; i++) await thread.say(`line ${i}`);
  await expect(thread.messages).toHaveCount(messages);
  return thread;
}

test("a field that gets the focus zooms nothing, and who wants to zoom can", async ({ person }) => {
  const lin = await person(phone);
  const yun = await person(phone);
  const buyer = await chatWith(await lin.chatAbout(1001), 1);
  const small = (page: Page) =>
    page
      .locator("input:not([type=file], [type=radio], [type=checkbox], [type=hidden]), textarea, select, [contenteditable=true]")
      .evaluateAll((all) =>
        all
          .filter((field) => Number.parseFloat(getComputedStyle(field).fontSize) < 16)
          .map((field) => `${field.outerHTML.slice(0, 80)}: ${getComputedStyle(field).fontSize}`),
      );
  const found: { [screen: string]: string[] } = {};
  const look = async (name: string, page: Page, field: string) => {
    await expect(page.locator(field).first()).toBeVisible();
    found[name] = await small(page);
  };
  const { page } = buyer;
  await look("chat", page, "textarea");
  await page.getByRole("button", { name: "Emoji" }).click();
  await look("emoji", page, ".emoji-grid button");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("menuitem", { name: "Report" }).click();
  await look("report", page, "dialog textarea");
  await page.keyboard.press("Escape");

  const console = await yun.console("E_1/yun");
  await look("list", console, "input[type=search]");
  await console.getByRole("button", { name: "Settings" }).click();
  await look("settings", console, "select");
  await console.getByRole("tab", { name: "Automatic messages" }).click();
  await look("automatic answers", console, "[role=tabpanel] [role=switch]");
  await console.keyboard.press("Escape");
  await answerTo(console, "Lin Xia");
  await look("editor", console, "#editor");
  const plain = await lin.open("/chat/plain?product=1001");
  await look("without a script", plain, "textarea");
  expect(Object.fromEntries(Object.entries(found).filter(([, fields]) => fields.length > 0))).toEqual({});

  for (const each of [page, console, plain]) {
    await expect(each.locator("meta[name=viewport]")).not.toHaveAttribute("content", /user-scalable|maximum-scale/);
    await each.bringToFront();
    await (await Finger.on(each)).pinch(2);
    await expect.poll(() => each.evaluate(() => window.visualViewport?.scale)).toBeGreaterThan(1.5);
  }
});

test("on a shop's page the chat is a sheet over all of it; the page beneath stands still and is found again", async ({
  visit,
}) => {
  const page = await visit(phone);
  await page.evaluate(() => scrollTo(0, 700));
  await launcher(page).tap();
  await expect(panel(page)).toBeVisible();
  const thread = await chatWith((await inFrame(page)).page, 30);
  expect(await panel(page).boundingBox()).toEqual({ x: 0, y: 0, width, height });
  const body = () => page.evaluate(() => [document.body.style.position, document.body.style.top, scrollY]);
  expect(await body()).toEqual(["fixed", "-700px", 0]);
  expect(await panel(page).getAttribute("aria-modal")).toBe("true");

  // What is pulled over either end of the thread pulls nothing else.
  const finger = await Finger.on(page);
  for (const by of [-400, 400]) {
    await finger.down(height / 2);
    await finger.pull(by);
    await finger.up();
    expect(await body()).toEqual(["fixed", "-700px", 0]);
  }
  const contained = await thread.log.evaluate((log) => {
    const styles = [log.closest(".thread-scroll"), document.body].map((it) => it && getComputedStyle(it));
    return styles.map((style) => style?.overscrollBehaviorY);
  });
  expect(contained).toEqual(["contain", "none"]);

  // Tab goes round in it: the page beneath is covered.
  for (let i = 0; i < 12; i++) await page.keyboard.press("Tab");
  expect(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.tagName)).toBe("IFRAME");
  await thread.page.getByRole("button", { name: "Close" }).tap();
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  expect(await body()).toEqual(["", "", 700]);
});

/** A shop's single-page router: what it would draw goes by the address and the state, and it hears of new ones. */
async function withRouter(page: Page): Promise<() => Promise<unknown[]>> {
  await page.evaluate(() => {
    const of = window as unknown as { heard: string[] };
    of.heard = [];
    const go = () => `${location.pathname} ${JSON.stringify(history.state)}`;
    history.replaceState({ at: "list" }, "", "/list");
    history.pushState({ at: "mug", idx: 1 }, "", "/mug");
    let here = go();
    // As routers do: where it is already, there is nothing to draw.
    addEventListener("popstate", () => {
      if (go() !== here) of.heard.push(go());
      here = go();
    });
    const push = history.pushState;
    history.pushState = (...given) => {
      push.apply(history, given);
      here = go();
      of.heard.push(`pushed ${here}`);
    };
  });
  return () =>
    page.evaluate(() => [location.pathname, history.state, (window as unknown as { heard: string[] }).heard]);
}

test("Back closes the sheet and nothing else; the next Back is the shop's", async ({ visit }) => {
  const page = await visit(phone);
  const router = await withRouter(page);
  const onMug = ["/mug", { at: "mug", idx: 1 }, []];
  const scrolled = () => page.evaluate(() => scrollY);
  await page.evaluate(() => scrollTo(0, 700));
  const length = await page.evaluate(() => history.length);

  await launcher(page).tap();
  await expect(panel(page)).toBeVisible();
  await expect((await inFrame(page)).field).toBeVisible();
  expect(await router()).toEqual(onMug);
  await page.evaluate(() => history.back());
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  expect(await router()).toEqual(onMug);
  expect(await scrolled()).toBe(700);

  // Closing it by its button leaves nothing behind to go back over.
  for (let closed = 1; closed <= 2; closed++) {
    await launcher(page).tap();
    await (await inFrame(page)).page.getByRole("button", { name: "Close" }).tap();
    await expect.poll(async () => (await said(page)).filter((it) => it === "close")).toHaveLength(closed + 1);
    expect(await router()).toEqual(onMug);
    expect(await scrolled()).toBe(700);
  }
  expect(await page.evaluate(() => history.length)).toBe(length + 1); // the one that Forward leads to
  await page.evaluate(() => history.back());
  await expect.poll(router).toEqual(["/list", { at: "list" }, ['/list {"at":"list"}']]);
});

test("a shop that goes elsewhere from an open sheet gets there", async ({ visit }) => {
  const page = await visit(phone);
  const router = await withRouter(page);
  await launcher(page).tap();
  await expect(panel(page)).toBeVisible();
  await page.evaluate(() => {
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    haggle("close");
    history.pushState({ at: "cart" }, "", "/cart");
  });
  await expect(panel(page)).toBeHidden();
  await drawn(page);
  expect(await router()).toEqual(["/cart", { at: "cart" }, ['pushed /cart {"at":"cart"}']]);
  // Gone on beneath the open sheet, the entry is not the last any more.
  await haggle(page, "open");
  await expect(panel(page)).toBeVisible();
  await page.evaluate(() => history.pushState({ at: "paid" }, "", "/paid"));
  await (await inFrame(page)).page.getByRole("button", { name: "Close" }).tap();
  await expect.poll(() => said(page)).toEqual(expect.arrayContaining(["open", "close", "open", "close"]));
  expect((await router()).slice(0, 2)).toEqual(["/paid", { at: "paid" }]);
});

test("at a desk the history is left alone", async ({ visit }) => {
  const page = await visit();
  const length = await page.evaluate(() => history.length);
  await opened(page);
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  expect(await page.evaluate(() => history.length)).toBe(length);
});

test("the keyboard comes: where one writes and the newest message stay in sight, until it goes", async ({ person }) => {
  const page = await (await person(phone)).chatAbout(1001);
  const thread = await chatWith(page, 30);
  const app = page.locator(".app");
  const seen = async (top: number, bottom: number) => {
    expect(await bottomOf(page.locator(".composer"))).toBeLessThanOrEqual(bottom + 1);
    expect(await bottomOf(thread.message("line 30"))).toBeLessThanOrEqual(bottom - 50);
    expect(await bottomOf(thread.message("line 30"))).toBeGreaterThan(bottom - 160); // and right above it
    expect((await app.boundingBox())?.y).toBe(top);
  };
  await thread.field.tap();
  await seen(0, height);
  await cover(page, { height: 500 }); // iOS
  await seen(0, 500);
  await cover(page, { height: 460, offsetTop: 120 }); // iOS has shifted the page beneath
  await seen(120, 580);
  await cover(page, undefined);
  await seen(0, height);
  await page.setViewportSize({ width, height: 500 }); // Android
  await drawn(page);
  await seen(0, 500);
  await page.setViewportSize({ width, height });
  await drawn(page);
  await seen(0, height);

  // Who reads further up stays there.
  await thread.log.evaluate((log) => log.closest(".thread-scroll")?.scrollTo(0, 300));
  const top = () => thread.log.evaluate((log) => log.closest(".thread-scroll")?.scrollTop);
  await cover(page, { height: 500 });
  expect(await top()).toBe(300);
});

test("the keyboard comes over the console: the seller sees what one writes, and what is answered", async ({ person }) => {
  await (await chatWith(await (await person(phone)).chatAbout(1001), 20)).page.close();
  const page = await (await person(phone)).console("E_1/yun");
  const seller = await answerTo(page, "Lin Xia");
  await seller.say("the answer"); // a thread opens at what is unread: this leads to its end
  await seller.field.tap();
  await cover(page, { height: 460, offsetTop: 60 });
  expect(await page.locator(".c-console").boundingBox()).toEqual({ x: 0, y: 60, width, height: 460 });
  expect(await bottomOf(page.locator(".c-editor"))).toBeLessThanOrEqual(521);
  expect(await bottomOf(seller.message("the answer"))).toBeLessThan(470);
  expect(await bottomOf(seller.message("the answer"))).toBeGreaterThan(320);
  await cover(page, undefined);
  expect(await page.locator(".c-console").boundingBox()).toEqual({ x: 0, y: 0, width, height });
});

test("the keyboard comes over a dialog: what it asks for and its buttons stay in sight", async ({ person }) => {
  const thread = await chatWith(await (await person(phone)).chatAbout(1001), 1);
  const { page } = thread;
  await page.getByRole("button", { name: "Menu" }).tap();
  await page.getByRole("menuitem", { name: "Report" }).tap();
  const dialog = page.getByRole("dialog", { name: "Report" });
  await dialog.getByRole("textbox").tap();
  for (const visible of [{ height: 460 }, { height: 500, offsetTop: 60 }]) {
    await cover(page, visible);
    expect((await dialog.boundingBox())?.y).toBeGreaterThanOrEqual(visible.offsetTop ?? 0);
    expect(await bottomOf(dialog)).toBeLessThanOrEqual(visible.height + (visible.offsetTop ?? 0));
  }
});

test("the keyboard comes over the settings: where one writes and the way out stay in sight", async ({ person }) => {
  for (const view of [{ width, height }, { width: height, height: width }]) {
    const page = await (await person({ ...phone, viewport: view })).console("E_1/yun");
    await page.getByRole("button", { name: "Settings", exact: true }).tap();
    const dialog = page.getByRole("dialog", { name: "Settings" });
    await dialog.getByRole("tab", { name: "Quick phrases" }).tap();
    await dialog.getByRole("button", { name: "Add a phrase" }).first().tap();
    const seen = Math.round(view.height * 0.55);
    await cover(page, { height: seen });
    expect((await dialog.boundingBox())?.y).toBeGreaterThanOrEqual(0);
    expect(await bottomOf(dialog)).toBeLessThanOrEqual(seen);
    await dialog.getByRole("button", { name: "Cancel" }).tap();
    await dialog.getByRole("button", { name: "Close" }).tap();
    await expect(dialog).toBeHidden();
  }
});

test("Back closes a picture where the browser does not do so itself, too; the next Back leaves", async ({ person }) => {
  const lin = await person(phone);
  await lin.context.addInitScript(() => Reflect.deleteProperty(window, "CloseWatcher"));
  const page = await lin.chatAbout(1001);
  const buyer = new Thread(page);
  await pick(page, picture("one.png"));
  await buyer.say("This one");
  await page.goto(new URL("/chat", page.url()).href);
  await page.locator(".inbox-row").first().tap();
  const viewer = page.locator(".pswp");
  const open = async () => {
    await buyer.message("This one").getByRole("button", { name: /^Open picture/u }).tap();
    await expect(page.locator(".pswp--ui-visible")).toBeVisible();
  };

  await open();
  await page.evaluate(() => history.back());
  await expect(viewer).toHaveCount(0);
  await expect(buyer.message("This one")).toBeVisible();

  // Closed in another way it leaves nothing behind to go back over.
  await open();
  await page.keyboard.press("Escape");
  await expect(viewer).toHaveCount(0);
  await expect(buyer.field).toBeVisible();
  await page.evaluate(() => history.back());
  await expect(page.locator(".inbox-row").first()).toBeVisible();
});

test("from a chat back to the list is a step back: the next Back leaves", async ({ person }) => {
  const thread = await chatWith(await (await person(phone)).chatAbout(1001), 1);
  const { page } = thread;
  await page.goto(new URL("/chat", page.url()).href);
  for (let i = 0; i < 3; i++) {
    await page.locator(".inbox-row").first().tap();
    await expect(thread.field).toBeVisible();
    await page.getByRole("button", { name: "To my chats" }).tap();
    await expect(page.locator(".inbox-row").first()).toBeVisible();
  }
  await page.goBack();
  await expect(page).toHaveURL(/product=1001/u);
});

test("older history that does not come is said not to have come, and comes when asked again", async ({ person }) => {
  const thread = await longThread(person);
  const { page } = thread;
  let asked = 0;
  await page.route(/messages\?.*before=/u, async (route) => {
    asked++;
    await route.abort();
  });
  await page.locator(".thread-scroll").evaluate((it) => it.scrollTo(0, 0));
  const failed = page.getByRole("status").filter({ hasText: "Older messages could not be loaded" });
  await expect(failed).toBeVisible();
  const before = asked;
  for (let i = 1; i <= 6; i++) {
    await page.locator(".thread-scroll").evaluate((it, top) => it.scrollTo(0, top), i * 5);
    await drawn(page);
  }
  expect(asked - before, "not with every move").toBeLessThan(4);
  const again = asked;
  await failed.getByRole("button", { name: "Try again" }).tap();
  await expect.poll(() => asked).toBeGreaterThan(again);
  await expect(failed).toBeVisible();

  // There is a network again: what comes over it says so.
  await page.unroute(/messages\?.*before=/u);
  const count = await thread.messages.count();
  const seller = await answerTo(await (await person(desktop)).console("E_1/yun"), "Lin Xia");
  await seller.say("Here I am");
  await expect.poll(() => thread.messages.count()).toBeGreaterThan(count + 1);
  await expect(failed).toHaveCount(0);
});

test("the keyboard comes over a shop's page: the sheet is as high as what it leaves", async ({ visit }) => {
  const page = await visit(phone);
  const thread = await chatWith((await opened(page)).page, 20);
  await thread.field.tap();
  await cover(page, { height: 500, offsetTop: 40 });
  expect(await panel(page).boundingBox()).toEqual({ x: 0, y: 40, width, height: 500 });
  await expect.poll(() => bottomOf(thread.page.locator(".composer"))).toBeLessThanOrEqual(541);
  await expect.poll(() => bottomOf(thread.message("line 20"))).toBeGreaterThan(380);
  expect(await bottomOf(thread.message("line 20"))).toBeLessThan(500);
  await cover(page, undefined);
  expect(await panel(page).boundingBox()).toEqual({ x: 0, y: 0, width, height });
});

test("on a tablet the keyboard covers nothing of the panel beside the page", async ({ visit }) => {
  const page = await visit({ ...phone, viewport: { width: 820, height: 1180 } });
  const thread = await chatWith((await opened(page)).page, 3);
  const before = await panel(page).boundingBox();
  await thread.field.tap();
  for (const visible of [{ height: 640 }, { height: 500, offsetTop: 120 }]) {
    await cover(page, visible);
    expect((await panel(page).boundingBox())?.y).toBeGreaterThanOrEqual(visible.offsetTop ?? 0);
    expect(await bottomOf(panel(page))).toBeLessThanOrEqual(visible.height + (visible.offsetTop ?? 0));
    await expect(thread.message("line 3")).toBeInViewport();
  }
  await cover(page, undefined);
  expect(await panel(page).boundingBox()).toEqual(before);
});

test("a menu stays on the screen while the keyboard goes and comes; who turns the phone has to open it again", async ({ person }) => {
  const thread = await chatWith(await (await person(phone)).chatAbout(1001), 12);
  const { page } = thread;
  const menu = page.getByRole("menu");
  const ways = [() => thread.openMenu(thread.messages.last()), () => page.getByRole("button", { name: "Menu" }).tap()];
  for (const open of ways) {
    await page.setViewportSize({ width, height: 500 });
    await open();
    for (const high of [height, 400]) {
      await page.setViewportSize({ width, height: high });
      await drawn(page);
      await expect(menu).toBeVisible();
      expect((await menu.boundingBox())?.y).toBeGreaterThanOrEqual(0);
      expect(await bottomOf(menu)).toBeLessThanOrEqual(high);
    }
    await page.setViewportSize({ width: height, height: width });
    await expect(menu).toBeHidden();
  }
});

test("a menu at the edge has room around it once it has opened", async ({ person }) => {
  const page = await (await person(phone)).chatAbout(1001);
  await page.getByRole("button", { name: "Menu" }).tap();
  const menu = page.getByRole("menu");
  await expect(menu).toBeVisible();
  await menu.evaluate((of) => Promise.all(of.getAnimations().map(({ finished }) => finished)));
  const box = await menu.boundingBox();
  expect((box?.x ?? width) + (box?.width ?? 0)).toBeLessThanOrEqual(width - 8);
});

test("on a phone Enter starts a new line for a seller too", async ({ person }) => {
  const buyer = await chatWith(await (await person(phone)).chatAbout(1001), 1);
  await buyer.expectStanding("line 1", "sent");
  const seller = await answerTo(await (await person(phone)).console("E_1/yun"), "Lin Xia");
  await expect(seller.field).toHaveAttribute("enterkeyhint", "enter");
  await seller.field.tap();
  await seller.page.keyboard.type("one");
  await seller.page.keyboard.press("Enter");
  await seller.page.keyboard.type("two");
  await seller.send.tap();
  await expect.poll(() => seller.texts()).toEqual(["line 1", "one\ntwo"]);
});

test("a long press opens the menu of a conversation, and not the conversation, where the browser says nothing of it", async ({
  person,
}) => {
  const buyer = await chatWith(await (await person(phone)).chatAbout(1001), 1);
  await buyer.expectStanding("line 1", "sent");
  const page = await (await person(phone)).console("E_1/yun");
  const one = row(page, "Lin Xia");
  // As on iOS: no contextmenu, but a click when the finger lets go.
  await one.dispatchEvent("pointerdown", { pointerType: "touch", clientX: 120, clientY: 300 });
  await expect(page.getByRole("menu")).toBeVisible();
  await one.dispatchEvent("pointerup", { pointerType: "touch" });
  await one.dispatchEvent("click", { detail: 1 });
  await expect(page.getByRole("menu")).toBeVisible();
  await expect(page.getByRole("heading", { level: 2, name: "Lin Xia" })).toBeHidden();
  await page.keyboard.press("Escape");
  await one.tap();
  await expect(page.getByRole("heading", { level: 2, name: "Lin Xia" })).toBeVisible();
});

test("who cannot press long has a button for what can be done with a message", async ({ person }) => {
  const thread = await chatWith(await (await person(phone)).chatAbout(1001), 1);
  const button = thread.message("line 1").getByRole("button", { name: "Message actions" });
  await expect(button).toHaveCount(1);
  await button.dispatchEvent("click"); // as a screen reader or a switch presses it
  await expect(thread.page.getByRole("menuitem", { name: "Copy" })).toBeVisible();
});

test("what grows while the end is on its way into sight is followed too", async ({ person }) => {
  const thread = await chatWith(await (await person(phone)).chatAbout(1001), 30);
  const left = () =>
    thread.page.locator(".thread-scroll").evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
  await expect.poll(left).toBe(0);
  await thread.log.evaluate(async (log) => {
    log.style.paddingBlockEnd = "40px";
    // It is scrolled to the end with this frame, and hears of that with the next: it grows again in between.
    await new Promise<void>((done) => {
      const seen = new ResizeObserver(() => {
        seen.disconnect();
        setTimeout(() => {
          log.style.paddingBlockEnd = "72px";
          done();
        });
      });
      if (log.parentElement !== null) seen.observe(log.parentElement);
    });
  });
  await drawn(thread.page);
  expect(await left()).toBe(0);
});

test("sending leaves the keyboard up, and no focus scrolls the page", async ({ person }) => {
  for (const who of ["buyer", "seller"] as const) {
    const somebody = await person(phone);
    await somebody.context.addInitScript(() => {
      const of = window as unknown as { moved: string[]; left: number };
      [of.moved, of.left] = [[], 0];
      const focus = HTMLElement.prototype.focus;
      HTMLElement.prototype.focus = function (options) {
        if (options?.preventScroll !== true) of.moved.push(this.outerHTML.slice(0, 100));
        focus.call(this, options);
      };
      addEventListener("focusout", () => of.left++, true);
    });
    const page = who === "buyer" ? await somebody.chatAbout(1001) : await somebody.console("E_1/yun");
    const thread = who === "buyer" ? await chatWith(page, 0) : await answerTo(page, "Lin Xia");
    await thread.field.tap();
    await expect(thread.field).toBeFocused();
    const counted = () => page.evaluate(() => (window as unknown as { left: number }).left);
    const before = await counted();
    for (const text of [`${who} one`, `${who} two`]) {
      await page.keyboard.insertText(text);
      await thread.send.tap();
      await expect(thread.message(text)).toBeVisible();
      await expect(thread.field).toBeFocused();
    }
    expect(await counted(), "a keyboard goes when its field loses the focus").toBe(before);
    expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([]);
  }
});

test("nothing to touch or to read is under the notch, the rounded corners or the home bar", async ({ visit, person }) => {
  const notch = { top: 47, topMax: 47, left: 20, leftMax: 20, right: 20, rightMax: 20, bottom: 34, bottomMax: 34 };
  const onNotched = async (page: Page) => {
    await (await page.context().newCDPSession(page)).send("Emulation.setSafeAreaInsetsOverride", { insets: notch });
    await drawn(page);
  };
  const outside = (page: Page) =>
    page.evaluate(
      ({ top, left, right, bottom }) => {
        const [wide, high] = [innerWidth, innerHeight];
        const shown = [...document.querySelectorAll("button, a, input, textarea, select, h1, h2, [contenteditable=true]")];
        // What scrolls may pass beneath; what scrolls at its end is the business of the next line.
        const rest = shown.filter((it) => it.closest(".thread-scroll") === null && it.checkVisibility());
        return rest.flatMap((it) => {
          const box = it.getBoundingClientRect();
          if (box.width <= 1 || box.bottom < 0 || box.top > high) return [];
          const fits = box.top >= top && box.left >= left && box.right <= wide - right && box.bottom <= high - bottom;
          return fits ? [] : [`${it.outerHTML.slice(0, 90)} ${JSON.stringify(box)}`];
        });
      },
      notch,
    );
  const lin = await person(phone);
  const { page } = await chatWith(await lin.chatAbout(1001), 2);
  await onNotched(page);
  expect(await outside(page), "chat").toEqual([]);
  await page.getByRole("button", { name: "Menu" }).tap();
  await expect(page.getByRole("menu")).toBeVisible();
  expect(await outside(page), "menu").toEqual([]);
  await page.getByRole("menuitem", { name: "Report" }).tap();
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await outside(page), "report").toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).tap();
  await page.getByRole("button", { name: "Emoji" }).tap();
  await expect(page.locator(".emoji-grid button").first()).toBeVisible();
  expect(await page.locator(".emoji-panel, .emoji-box [role=dialog]").first().evaluate((it) => it.getBoundingClientRect().left), "emoji").toBeGreaterThanOrEqual(20);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "To my chats" }).tap();
  await expect(page.locator(".inbox-row")).toHaveCount(1);
  expect(await outside(page), "list").toEqual([]);

  const console = await (await person(phone)).console("E_1/yun");
  await onNotched(console);
  await expect(console.locator(".c-row")).toHaveCount(1);
  expect(await outside(console), "console").toEqual([]);
  await answerTo(console, "Lin Xia");
  expect(await outside(console), "console, thread").toEqual([]);

  const shop = await visit(phone);
  await onNotched(shop);
  const button = await launcher(shop).boundingBox();
  expect(button && [button.x + button.width, button.y + button.height]).toEqual([width - 20, height - 34]);
});

/** As large as a finger, in pixels. */
const target = 44;

/** What can be pressed and is smaller. */
const small = (page: Page) =>
  page.locator("button, input:not([type=file]), textarea, select, a, summary, [role=switch]").evaluateAll(
    (all, least) =>
      all.flatMap((it) => {
        const box = it.getBoundingClientRect();
        // Unseen; for a keyboard alone; a link among words; a switch with its label; a cross with more around it than is drawn.
        if (!it.checkVisibility() || box.width <= 1 || it.closest(".rich-text, .c-skip") !== null) return [];
        const [before, after] = [getComputedStyle(it, "::before"), getComputedStyle(it, "::after")];
        const within = getComputedStyle(it).position === "static" ? it.parentElement : it;
        const drawn = (after.position === "absolute" ? within : it)?.getBoundingClientRect() ?? box;
        const around = (side: "top" | "left") =>
          Math.max(0, -(Number.parseFloat(after[side]) || 0), -(Number.parseFloat(before[side]) || 0));
        const [wide, high] = [drawn.width + 2 * around("left"), drawn.height + 2 * around("top")];
        const label = it.closest("label")?.getBoundingClientRect();
        if (label !== undefined && label.height >= least) return [];
        return wide >= least && high >= least ? [] : [`${it.outerHTML.slice(0, 90)} ${wide} x ${high}`];
      }),
    target,
  );

test("what a finger is to meet is as large as a finger", async ({ person }) => {
  const lin = await person({ ...phone, reducedMotion: "reduce" }); // what grows into place is small on its way
  const buyer = await chatWith(await lin.chatAbout(1001), 0);
  await expect.poll(() => small(buyer.page), "an empty chat").toEqual([]);
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  await pick(buyer.page, picture("one.png"));
  await expect(buyer.page.locator(".tray-wait")).toHaveCount(0);
  await expect.poll(() => small(buyer.page), "a chat").toEqual([]);
  // What failed has its own ways out.
  const refusal = { error: { code: "denied", message: "not now", request_id: "r" } };
  await buyer.page.route("**/v1/files/*", (route) => route.fulfill({ status: 403, json: refusal }));
  await buyer.send.tap();
  await expect(buyer.page.getByRole("button", { name: "Retry" })).toBeVisible();
  await expect.poll(() => small(buyer.page), "a failed message").toEqual([]);
  await buyer.page.getByRole("button", { name: "Menu" }).tap();
  await expect(buyer.page.getByRole("menu")).toBeVisible();
  await expect.poll(() => small(buyer.page), "a menu").toEqual([]);
  await buyer.page.getByRole("menuitem", { name: "Report" }).tap();
  await expect(buyer.page.getByRole("dialog")).toBeVisible();
  await expect.poll(() => small(buyer.page), "a dialog").toEqual([]);
  await buyer.page.getByRole("button", { name: "Cancel" }).tap();
  await buyer.page.getByRole("button", { name: "To my chats" }).tap();
  await expect(buyer.page.locator(".inbox-row")).toHaveCount(1);
  await expect.poll(() => small(buyer.page), "the list").toEqual([]);
});

/** A thread with so much history that it comes in pages. */
async function longThread(person: Parameters<Parameters<typeof test>[2]>[0]["person"]): Promise<Thread> {
  const lin = await person(phone);
  await (await lin.chatAbout(1001)).close();
  const record = await Record.of(lin, "buyer");
  await record.send({ product: "1001" }, "message 1");
  const { id } = await record.conversation();
  for (let i = 2; i <= 240; i++) {
    await record.send({ conversation: id }, i % 3 === 0 ? `message ${i}\nwith\nmore lines` : `message ${i}`);
  }
  const thread = new Thread(await lin.open(`/chat?c=${id}`));
  await expect(thread.message("message 239")).toBeVisible();
  return thread;
}

/** Where every drawn message begins, seen from the top of the thread. */
const places = (thread: Thread) =>
  thread.messages.evaluateAll((all) =>
    Object.fromEntries(all.map((it) => [(it as HTMLElement).dataset["key"], it.getBoundingClientRect().top])),
  );

test("pulling for older history moves nothing but by the finger, which may stay down while it comes", async ({ person }) => {
  const thread = await longThread(person);
  const { page } = thread;
  let held: (() => void) | undefined;
  await page.route(/messages\?.*before=/, async (route) => {
    await new Promise<void>((go) => {
      held = go;
    });
    await route.continue();
  });
  const box = thread.page.locator(".thread-scroll");
  await box.evaluate((it) => it.scrollTo(0, 700));
  // To who listens, what is added while the list is busy is no news.
  await thread.log.evaluate((log) => {
    const of = window as unknown as { aloud: string[] };
    of.aloud = [];
    new MutationObserver((all) => {
      const added = all.flatMap((change) => [...change.addedNodes]);
      if (added.length > 0 && log.ariaBusy !== "true") of.aloud.push(...added.map((it) => it.textContent ?? ""));
    }).observe(log, { childList: true });
  });
  const finger = await Finger.on(page);
  await finger.down(300);
  await finger.pull(250);
  await expect.poll(() => held).toBeDefined();
  await drawn(page);
  const before = await places(thread);
  const count = await thread.messages.count();
  held?.();
  await expect.poll(() => thread.messages.count()).toBeGreaterThan(count);
  await drawn(page);
  const after = await places(thread);
  const moved = (from: typeof before, to: typeof before) =>
    Object.keys(from).filter((key) => key in to).map((key) => (to[key] ?? 0) - (from[key] ?? 0));
  for (const by of moved(before, after)) expect(Math.abs(by), "moved while the page came").toBeLessThanOrEqual(2);

  await finger.pull(100);
  // Where the finger is now, all of them are, as soon as its last move is drawn.
  await expect.poll(async () => Math.max(...moved(after, await places(thread)).map((by) => Math.abs(by - 100)))).toBeLessThanOrEqual(2);
  await finger.up();
  expect(await page.evaluate(() => (window as unknown as { aloud: string[] }).aloud), "read aloud").toEqual([]);
  await expect(thread.log).toHaveAttribute("aria-busy", "false");
});

test("who has begun to scroll is not taken back to the end by a tick", async ({ person }) => {
  const thread = await longThread(person);
  const box = thread.page.locator(".thread-scroll");
  await box.evaluate((it) => it.scrollBy(0, -100));
  const before = await box.evaluate((it) => it.scrollTop);
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.page.locator(".thread-pill").click();
  await expect(thread.messages.last()).toHaveAccessibleName(/, read$/);
  expect(await box.evaluate((it) => it.scrollTop)).toBe(before);
});

test("what glides on through older history comes without a jump, up to the first message", async ({ person }) => {
  const thread = await longThread(person);
  const { page } = thread;
  // By how much what stays on the screen moves from frame to frame: all of it by the same, and never back.
  await thread.page.locator(".thread-scroll").evaluate((box) => {
    const of = window as unknown as { jumps: string[] };
    of.jumps = [];
    const places = () =>
      new Map([...box.querySelectorAll<HTMLElement>("[data-key]")].map((it) => [it.dataset["key"], it.getBoundingClientRect().top]));
    let before = places();
    let at = performance.now();
    const look = (time: number) => {
      const now = places();
      // A frame that was long in coming shows a longer way of the same glide.
      const most = innerHeight + 8 * (time - at);
      for (const [key, top] of now) {
        const was = before.get(key);
        if (was === undefined || was < 0 || was > innerHeight) continue;
        if (top - was < -2 || top - was > most) of.jumps.push(`${key}: ${was} to ${top}`);
      }
      before = now;
      at = time;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const finger = await Finger.on(page);
  await expect(async () => {
    await finger.fling();
    await expect(thread.message("message 1")).toBeVisible({ timeout: 500 });
  }).toPass({ timeout: 60_000 });
  expect(await page.evaluate(() => (window as unknown as { jumps: string[] }).jumps)).toEqual([]);
  expect(await thread.messages.count()).toBeGreaterThan(150);
});

test("what a seller's finger is to meet is as large, too", async ({ person }) => {
  const buyer = await chatWith(await (await person(phone)).chatAbout(1001), 0);
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  const page = await (await person({ ...phone, reducedMotion: "reduce" })).console("E_1/yun");
  await expect(page.locator(".c-row")).toHaveCount(1);
  await expect.poll(() => small(page), "the list").toEqual([]);
  await page.getByRole("searchbox").fill("hello");
  await expect(page.getByRole("listbox", { name: "Messages" }).getByRole("option")).toHaveCount(1);
  await expect.poll(() => small(page), "what was searched for").toEqual([]);
  await page.getByRole("searchbox").fill("");
  await answerTo(page, "Lin Xia");
  await expect.poll(() => small(page), "a thread").toEqual([]);
  await page.locator(".c-thread-header [aria-haspopup=menu]").tap();
  await expect(page.getByRole("menu")).toBeVisible();
  await expect.poll(() => small(page), "a menu").toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Show details" }).tap();
  await expect(page.getByRole("region", { name: "Shared pictures" })).toBeVisible();
  await expect.poll(() => small(page), "who the buyer is").toEqual([]);
  await page.goBack();
  await page.getByRole("button", { name: "Back" }).tap();
  await page.locator(".c-me .icon-button").tap();
  const dialog = page.getByRole("dialog").and(page.locator("dialog"));
  await expect(dialog.getByRole("tab").first()).toBeVisible();
  for (const tab of await dialog.getByRole("tab").all()) {
    await tab.tap();
    await expect(dialog.getByRole("tabpanel")).toBeVisible();
    await expect.poll(() => small(page), `settings, ${await tab.textContent()}`).toEqual([]);
  }
});

test("on a phone, Back uncovers what the details cover, and then the list", async ({ person }) => {
  const buyer = await chatWith(await (await person(phone)).chatAbout(1001), 0);
  await buyer.say("Hello");
  const page = await (await person(phone)).console("E_1/yun");
  await answerTo(page, "Lin Xia");
  const details = page.getByRole("region", { name: "Shared pictures" });
  const show = page.getByRole("button", { name: "Show details" });
  await show.tap();
  await expect(details).toBeVisible();
  await page.reload();
  await expect(details, "where the seller was").toBeVisible();
  await page.goBack();
  await expect(details).toHaveCount(0);
  await expect(page.getByText("Hello").first()).toBeVisible();

  await show.tap();
  await page.locator(".c-context-close").tap();
  await expect(details).toHaveCount(0);
  await page.goBack();
  await expect(page.locator(".c-row")).toBeVisible();
  await expect(page.locator("#pane-context")).toHaveCount(0);
});

test("who came to a thread by a link is led to the list by what is about the list", async ({ person }) => {
  const buyer = await chatWith(await (await person(phone)).chatAbout(1001), 0);
  await buyer.say("Hello");
  const listed = await (await person(phone)).console("E_1/yun");
  await answerTo(listed, "Lin Xia");
  const page = await listed.context().newPage();
  await page.goto(listed.url()); // as the shop's own notice would
  await page.getByRole("button", { name: "Show details" }).tap();
  await page.getByRole("button", { name: "Who else asked" }).tap();
  await expect(page.locator(".c-chip")).toContainText("Celadon mug");
  await expect(page.locator(".c-row")).toHaveCount(1);
  expect(new URL(page.url()).searchParams.has("c")).toBe(false);
});
