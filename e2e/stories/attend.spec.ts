import { expect, type Page, phone, test } from "../harness.ts";
import { answerTo, Record, row, Thread } from "../talk.ts";

/** Counts in the page what is heard and what the desktop shows, and lets a story take the page out of front. */
async function observe(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const called = { tones: 0, notices: [] as string[], front: true, badge: 0 };
    Object.assign(globalThis, { called });
    Object.assign(navigator, {
      setAppBadge: async (count: number) => void (called.badge = count),
      clearAppBadge: async () => void (called.badge = 0),
    });
    const { createOscillator } = AudioContext.prototype;
    AudioContext.prototype.createOscillator = function () {
      called.tones++;
      return createOscillator.call(this);
    };
    class Notice {
      static permission = "granted";
      static requestPermission = async () => "granted";
      readonly #says: string;
      constructor(title: string, options: NotificationOptions) {
        this.#says = `${title}: ${options.body}`;
        called.notices.push(this.#says);
      }
      close() {
        called.notices = called.notices.filter((says) => says !== this.#says);
      }
    }
    Object.assign(globalThis, { Notification: Notice });
    document.hasFocus = () => called.front;
  });
  await page.reload();
}

type Called = { tones: number; notices: string[]; front: boolean; badge: number };
const called = (page: Page): Promise<Called> =>
  page.evaluate(() => (globalThis as unknown as { called: Called }).called);
const setFront = (page: Page, front: boolean) =>
  page.evaluate((to) => {
    (globalThis as unknown as { called: Called }).called.front = to;
  }, front);

/** What the icon of the tab shows. */
const icon = (page: Page) =>
  page.evaluate(() => decodeURIComponent(document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? ""));

test("a seller who looks elsewhere hears a message, sees who wrote, and finds a count on the tab", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Are you there?");
  await buyer.expectStanding("Are you there?", "sent");
  const seller = await person();
  const console = await seller.console("E_1/yun");
  await observe(console);
  await expect(row(console, "Lin")).toBeVisible();

  const hint = console.getByText("Click or tap anywhere to turn the sound on");
  await expect(hint).toBeVisible();
  await console.getByRole("button", { name: "Settings" }).click();
  await expect(hint).toBeHidden();
  await console.getByRole("tab", { name: "Notifications" }).click();
  await console.getByRole("switch", { name: "Desktop notifications" }).check();
  await console.getByRole("button", { name: "Test" }).click();
  await expect.poll(async () => (await called(console)).tones).toBe(2);
  await console.keyboard.press("Escape");

  await setFront(console, false);
  await buyer.say("Hello?");
  await expect.poll(async () => (await called(console)).notices).toEqual([expect.stringContaining("Hello?")]);
  expect((await called(console)).tones).toBe(4);
  await expect(console).toHaveTitle(/^\(2\) /);
  expect(await icon(console)).toContain(">2</text>");
  expect((await called(console)).badge, "on the installed app's icon").toBe(2);

  await setFront(console, true);
  await answerTo(console, "Lin");
  await expect(console).toHaveTitle(/^(?!\()/);
  expect(await icon(console)).not.toContain("</text>");
  expect((await called(console)).badge).toBe(0);
});

test("who looks at a conversation in one window is not called for it in another", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("One");
  await buyer.expectStanding("One", "sent");
  const seller = await person();
  const [front, behind] = [await seller.console("E_1/yun"), await seller.console("E_1/yun")];
  for (const window of [front, behind]) await observe(window);
  await answerTo(front, "Lin");
  await behind.getByRole("button", { name: "Settings" }).click(); // lets it make sounds
  await setFront(behind, false);
  await buyer.say("Two");
  await buyer.expectStanding("Two", "read");
  const tones = async () => (await called(behind)).tones + (await called(front)).tones;
  // Longer than the window behind waits to hear from the one in front.
  const wait = () => behind.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_500)));
  await wait();
  expect(await tones()).toBe(0);
  await setFront(front, false);
  await buyer.say("Three");
  await expect.poll(tones).toBe(2);
  await wait();
  expect(await tones(), "one bell for a message").toBe(2);
});

test("a conversation that the list has not come to calls by its buyer's name, and not at all while it is muted", async ({ person }) => {
  const write = async (as: "a" | "b", first: string): Promise<Thread> => {
    const buyer = new Thread(await (await person()).chatAbout(1001, as));
    await buyer.say(first);
    await buyer.expectStanding(first, "sent");
    return buyer;
  };
  const lin = await write("a", "From Lin");
  const sam = await write("b", "From Sam");
  const seller = await person();
  // As in a list of thousands, of which a page has come: here that page is one row.
  await seller.context.route("**/v1/conversations?*", (route) => {
    const url = new URL(route.request().url());
    if (url.searchParams.has("cursor")) return;
    url.searchParams.set("limit", "1");
    void route.continue({ url: url.href });
  });
  const console = await seller.console("E_1/yun");
  await observe(console);
  const away = async () => {
    await expect(row(console, "Sam Park")).toBeVisible();
    await expect(row(console, "Lin Xia")).toHaveCount(0);
    await console.getByRole("button", { name: "Settings" }).click(); // lets it make sounds
    await console.getByRole("tab", { name: "Notifications" }).click();
    await console.getByRole("switch", { name: "Desktop notifications" }).check();
    await console.keyboard.press("Escape");
    await setFront(console, false);
  };
  await away();
  await lin.say("Hello?");
  await expect.poll(async () => (await called(console)).notices).toEqual(["Lin Xia · 林夏: Hello?"]);
  await sam.say("Me again");
  await expect.poll(async () => (await called(console)).notices).toHaveLength(2);

  const record = await Record.of(seller, "merchant");
  const muted = (await record.conversations()).find((one) => one.last?.blocks[0]?.text === "Hello?");
  await record.put(`/v1/conversations/${muted?.id}/mute`, {});
  await console.reload();
  await away();
  await lin.say("Still there?");
  await lin.expectStanding("Still there?", "delivered");
  await sam.say("And me?");
  await expect.poll(async () => (await called(console)).notices.join()).toContain("And me?");
  expect(await called(console)).toMatchObject({ tones: 2, notices: [expect.stringContaining("And me?")] });
});

test("a browser in which a page makes no notices, as on Android, is said to be one", async ({ person }) => {
  const console = await (await person(phone)).console("E_1/yun");
  await console.addInitScript(() => {
    const asked = { permission: 0 };
    class Notice {
      static permission = "default";
      static requestPermission = async () => {
        asked.permission++;
        return "granted";
      };
      constructor() {
        throw new TypeError("Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.");
      }
    }
    Object.assign(globalThis, { Notification: Notice, asked });
  });
  await console.reload();
  await console.getByRole("button", { name: "Settings" }).click();
  await console.getByRole("tab", { name: "Notifications" }).click();
  const notices = console.getByRole("switch", { name: "Desktop notifications" });
  await notices.click();
  await expect(console.getByText("This browser does not offer notifications.")).toBeVisible();
  await expect(notices).not.toBeChecked();
  await expect(notices).toBeDisabled();
  expect(await console.evaluate(() => (globalThis as unknown as { asked: object }).asked)).toEqual({ permission: 0 });
});
