import { expect, type Page, phone, test } from "../harness.ts";
import { Record, Thread } from "../talk.ts";

/** The number in the last message that is in sight. */
async function lastInSight(thread: Thread): Promise<number> {
  return await thread.page.locator(".thread-scroll").evaluate((box) => {
    const bottom = box.getBoundingClientRect().top + box.clientHeight;
    const seen = [...box.querySelectorAll<HTMLElement>("[data-key]")].filter(
      (message) => message.getBoundingClientRect().top < bottom - 8,
    );
    return Number(/\d+/.exec(seen.at(-1)?.querySelector(".rich-text")?.textContent ?? "")?.[0]);
  });
}

/** A conversation of which the buyer has written, and seen, `own` messages; the buyer's page is closed, the seller's record open. */
async function conversation(person: Person, own: number) {
  const lin = await person(phone);
  const first = await lin.chatAbout(1001);
  const record = await Record.of(lin, "buyer");
  await first.close();
  for (let i = 1; i <= own; i++) await record.send({ product: "1001" }, `old ${i}`);
  const before = new Thread(await lin.chatAbout(1001));
  await expect(before.message(`old ${own}`)).toBeInViewport();
  await expect.poll(async () => (await record.conversation()).buyer_at.read).toBe(own);
  await before.page.close();
  const yun = await person();
  await (await yun.console("E_1/yun")).close();
  const { id } = await record.conversation();
  return { lin, record, id, seller: await Record.of(yun, "merchant") };
}

type Person = Parameters<Parameters<typeof test>[2]>[0]["person"];

/** Says for a page whether somebody looks at it. */
const look = (page: Page, on: boolean) =>
  page.evaluate((focused) => {
    document.hasFocus = () => focused;
    dispatchEvent(new Event(focused ? "focus" : "blur"));
  }, on);

for (const count of [45, 70]) {
  test(`of ${count} unread messages those are read that were in sight, however much comes above them`, async ({ person }) => {
    const { lin, record, id, seller } = await conversation(person, 100);
    for (let i = 1; i <= count; i++) await seller.send({ conversation: id }, `new ${i}`);

    const buyer = new Thread(await lin.chatAbout(1001));
    await expect(buyer.message("new 1")).toBeInViewport();
    await expect(buyer.page.getByText("New messages", { exact: true })).toBeInViewport();
    await expect.poll(async () => (await record.conversation()).unread).toBe(count - (await lastInSight(buyer)));
    await buyer.page.locator(".thread-scroll").hover();
    await buyer.page.mouse.wheel(0, 300);
    await expect.poll(() => lastInSight(buyer)).toBeGreaterThan(10);
    await expect.poll(async () => (await record.conversation()).unread).toBe(count - (await lastInSight(buyer)));
  });
}

test("what came while nobody looked is unread, and waits at its beginning", async ({ person }) => {
  const { lin, record, id, seller } = await conversation(person, 3);
  const buyer = new Thread(await lin.chatAbout(1001));
  await expect(buyer.message("old 3")).toBeInViewport();
  await look(buyer.page, false);
  for (let i = 1; i <= 20; i++) await seller.send({ conversation: id }, `new ${i}\nof two lines`);
  await expect(buyer.messages).toHaveCount(23);
  await expect(buyer.page.getByText("New messages", { exact: true })).toBeInViewport();
  expect((await record.conversation()).unread).toBe(20);

  await look(buyer.page, true);
  await expect(buyer.page.getByText("new 1\nof", { exact: false }).first()).toBeInViewport();
  await expect.poll(async () => (await record.conversation()).unread).toBe(20 - (await lastInSight(buyer)));
  expect(await lastInSight(buyer)).toBeLessThan(20);
  await buyer.page.locator(".thread-pill").click();
  await expect.poll(async () => (await record.conversation()).unread).toBe(0);
});

test("a message that comes into sight is never counted as unread", async ({ person }) => {
  const { lin, id, seller } = await conversation(person, 1);
  const buyer = new Thread(await lin.chatAbout(1001));
  await expect(buyer.message("old 1")).toBeVisible();
  await buyer.page.evaluate(() => {
    const of = window as unknown as { painted: string[] };
    of.painted = [];
    const note = () => {
      of.painted.push(document.title);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  for (let i = 1; i <= 5; i++) {
    await seller.send({ conversation: id }, `new ${i}`);
    await expect(buyer.message(`new ${i}`)).toBeInViewport();
  }
  const painted = await buyer.page.evaluate(() => (window as unknown as { painted: string[] }).painted);
  expect(painted.length).toBeGreaterThan(0);
  expect(painted.filter((title) => title.startsWith("("))).toEqual([]);
});
