import { expect, phone, test } from "../harness.ts";
import { answerTo, Record, row, Thread } from "../talk.ts";

test("two tabs of one buyer stay in step", async ({ person }) => {
  const lin = await person(phone);
  const one = new Thread(await lin.chatAbout(1001));
  const two = new Thread(await lin.open("/chat?product=1001"));
  await one.say("Written here");
  await two.say("Written there");
  for (const { messages } of [one, two]) {
    await expect(messages).toHaveCount(2);
    await expect(messages.last()).toHaveAccessibleName(/, sent$/);
  }
  expect(await one.texts()).toEqual(await two.texts());

  // Both leave the thread; what the seller writes is unread in both, until it is read in one.
  for (const { page } of [one, two]) await page.getByRole("button", { name: "To my chats" }).click();
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("An answer");
  for (const { page } of [one, two]) {
    await expect(row(page, "Kiln & Cloud")).toContainText("1 unread message");
    await expect(page).toHaveTitle(/^\(1\)/);
  }
  await row(one.page, "Kiln & Cloud").click();
  await expect(one.message("An answer")).toBeVisible();
  await expect(row(two.page, "Kiln & Cloud")).not.toContainText("unread");
  await expect(two.page).not.toHaveTitle(/^\(/);

  await row(two.page, "Kiln & Cloud").click();
  await one.choose(one.message("Written there"), "Take back");
  for (const { log } of [one, two]) {
    await expect(log).toContainText("You took a message back");
    await expect(log).not.toContainText("Written there");
  }
  expect(await (await Record.of(lin, "buyer")).texts()).toEqual(["Written here", "An answer"]);
});

test("two agents of one shop see the same, and who of them wrote", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Who is there?");
  const yun = await (await person()).console("E_1/yun");
  const otto = await (await person()).console("E_1/otto");
  await expect(row(otto, "Lin Xia")).toContainText("1 unread message");

  const first = await answerTo(yun, "Lin Xia");
  await expect(row(otto, "Lin Xia")).not.toContainText("unread");
  await first.say("Me");
  await expect(row(otto, "Lin Xia")).toContainText("Yun: Me");
  const second = await answerTo(otto, "Lin Xia");
  await expect(second.log).toContainText("Yun");
  await second.say("And me");
  await expect(first.message("And me")).toBeVisible();
  await expect(first.log).toContainText("Otto");
  await expect(buyer.message("And me")).toBeVisible();
  expect(await first.texts()).toEqual(["Who is there?", "Me", "And me"]);
  expect(await second.texts()).toEqual(await first.texts());
  expect(await buyer.texts()).toEqual(await first.texts());

  await first.choose(first.message("Me"), "Take back");
  for (const { log } of [first, second, buyer]) await expect(log).not.toContainText(/^Me$/);
  await expect(buyer.log).toContainText("took a message back");
  await expect(second.log).toContainText("took a message back");
});

test("two products of one seller are one conversation", async ({ person }) => {
  const lin = await person(phone);
  const mug = new Thread(await lin.chatAbout(1001));
  await mug.say("About the mug");
  await mug.expectStanding("About the mug", "sent");
  const shirt = new Thread(await lin.chatAbout(1005));
  await expect(shirt.message("About the mug")).toBeVisible();
  await shirt.say("And the shirt?");
  await shirt.expectStanding("And the shirt?", "sent");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  expect(await seller.texts()).toEqual(["About the mug", "And the shirt?"]);
  await expect(seller.page.getByRole("region", { name: "Details" })).toContainText("Linen shirt");
});

test("an agent sees that a colleague has the buyer before them, and writes; the buyer is told neither", async ({ person }) => {
  const lin = await person(phone);
  const told: string[] = [];
  lin.context.on("page", (page) =>
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        told.push(...Object.keys(JSON.parse(payload.toString()) as object));
      }),
    ),
  );
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Who is there?");
  const yun = await (await person()).console("E_1/yun");
  const otto = await (await person()).console("E_1/otto");
  const first = await answerTo(yun, "Lin Xia");
  await expect(row(otto, "Lin Xia")).toContainText("Yun is looking at this");
  await answerTo(otto, "Lin Xia");
  await expect(otto.locator(".c-thread-header")).toContainText("Yun is looking at this");
  await expect(yun.locator(".c-thread-header")).toContainText("Otto is looking at this");
  await first.field.pressSequentially("I will");
  await expect(otto.locator(".c-thread-header")).toContainText("Yun is writing an answer…");
  await expect(buyer.page.locator(".typing-now")).toBeVisible();
  await expect(yun.locator(".c-thread-header")).not.toContainText("writing");
  // Their page draws no colleague, whatever it is told: this is what came over the wire.
  expect(told).toContain("typing");
  expect(told).not.toContain("colleague");
});
