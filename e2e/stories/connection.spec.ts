import { expect, phone, test } from "../harness.ts";
import { answerTo, row, Thread } from "../talk.ts";

test("a server that is gone is shown as such, and its return too, without a reload", async ({ person, server }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("One");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await server.kill();
  for (const { page, message } of [buyer, seller].map((t) => ({ page: t.page, message: t.message("One") }))) {
    const bar = page.locator(".connection-bar");
    await expect(bar).toContainText(/Offline\. Messages until \d+:\d+/);
    await expect(bar.getByRole("button", { name: "Try now" })).toBeVisible();
    await expect(message).toBeVisible();
  }
  await seller.say("Two, into the dark");
  await seller.expectStanding("Two, into the dark", "waiting to be sent");
  await server.start();
  // It may have come back by itself by now, and then there is nothing to press.
  const tryNow = buyer.page.getByRole("button", { name: "Try now" });
  await tryNow.click({ timeout: 2_000 }).catch(() => undefined);
  await expect(tryNow).toBeHidden({ timeout: 30_000 });
  for (const { page } of [buyer, seller]) {
    await expect(page.locator(".connection-bar")).not.toContainText("Offline", { timeout: 30_000 });
  }
  await expect(buyer.message("Two, into the dark")).toBeVisible();
});

test("on a phone what is said in passing leaves the word on the connection readable", async ({ person, server }) => {
  const buyer = new Thread(await (await person({ ...phone, reducedMotion: "reduce" })).chatAbout(1001));
  await buyer.say("One");
  await buyer.expectStanding("One", "sent");
  await buyer.openMenu(buyer.message("One")); // what draws it comes while there is a server
  await buyer.page.keyboard.press("Escape");
  await server.kill();
  const bar = buyer.page.locator(".connection-bar");
  await expect(bar).toContainText("Offline");
  await buyer.say("Two");
  await buyer.choose(buyer.message("Two"), "Delete");
  const toast = buyer.page.locator(".toast");
  await expect(toast).toBeVisible();
  const [over, under] = await Promise.all([bar.boundingBox(), toast.boundingBox()]);
  expect(under?.y).toBeGreaterThanOrEqual((over?.y ?? Number.NaN) + (over?.height ?? Number.NaN));
  await server.start();
});

test("on a phone the seller's list says that it is not current", async ({ person, server }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("One");
  const console = await (await person(phone)).console("E_1/yun");
  await expect(console.getByRole("option")).toHaveCount(1);
  await server.kill();
  await expect(console.getByText(/Offline\. Messages until \d+:\d+/)).toBeVisible();
  await server.start();
});

test("the lists show what is not sent, also to whom nothing was ever sent", async ({ person, server }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("One");
  await buyer.expectStanding("One", "sent");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await buyer.page.goto(new URL("/chat?product=1003", buyer.page.url()).href);
  await buyer.expectPictureParts(); // the page can do without the server

  await server.kill();
  await buyer.say("Is it still there?");
  await seller.say("Two");
  const unbegun = row(buyer.page, "Not sent yet");
  await expect(unbegun).toHaveAccessibleName("Not sent yet waiting to be sent Is it still there?");
  await expect(row(buyer.page, "Kiln")).not.toContainText("Is it still there?");
  await expect(row(seller.page, "Lin Xia")).toHaveAccessibleName(/waiting to be sent Two/);
  await expect(unbegun).toHaveAttribute("aria-current", "page");
  await expect(buyer.message("Is it still there?")).toBeVisible();

  await server.start();
  await expect(unbegun).toHaveCount(0, { timeout: 30_000 });
  await expect(row(buyer.page, "Is it still there?")).toHaveCount(1);
  await expect(row(seller.page, "Lin Xia")).toHaveAccessibleName(/You:? Two/, { timeout: 30_000 });
});

test("a server that stops says when to come back, and everybody does", async ({ person, server }) => {
  const byes: unknown[] = [];
  const lin = await person(phone);
  lin.context.on("page", (page) =>
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        const frame = JSON.parse(payload.toString()) as { bye?: unknown };
        if (frame.bye !== undefined) byes.push(frame.bye);
      }),
    ),
  );
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("One");
  await buyer.expectStanding("One", "sent");
  expect(await server.stop()).toBe(0);
  await expect(buyer.page.locator(".connection-bar")).toContainText("Offline");
  await expect(buyer.page.locator(".connection-bar")).toContainText(/in \d+ s/);
  expect(byes).toEqual([expect.objectContaining({ retry_after_ms: expect.any(Number) })]);
  await server.start();
  await expect(buyer.page.locator(".connection-bar")).toContainText("Back online", { timeout: 30_000 });
  await buyer.say("Two");
  await buyer.expectStanding("Two", "sent");
});
