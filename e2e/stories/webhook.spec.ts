import { expect, expectAccessible, phone, test } from "../harness.ts";
import { answerTo, Thread } from "../talk.ts";

test.use({ flags: ["--webhook-unread-after", "1s"] });

test("the marketplace is told of what stays unread, and of nothing else", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  const notices = await (await person(phone)).open("/notices");
  await expect(notices.getByText("Nothing yet.")).toBeVisible();
  await buyer.say("Is it <b>still</b> there?");
  await buyer.say("I would take two");

  // One notice tells of both, once a second has gone by.
  const told = notices.locator(".told li");
  await expect(async () => {
    await notices.getByRole("link", { name: "Look again" }).click();
    await expect(told).toHaveCount(1, { timeout: 500 });
  }).toPass();
  await expect(told).toContainText("To Kiln & Cloud");
  await expect(told).toContainText("I would take two");
  await expect(told).toContainText("2 unread");
  await expectAccessible(notices);

  // The buyer looks at the answer at once: there is nothing to tell.
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("Yes, two left");
  await seller.expectStanding("Yes, two left", "read");
  await buyer.page.goto(`${lin.url}/`);
  await seller.say("Shall I keep them for you?");
  await expect(async () => {
    await notices.getByRole("link", { name: "Look again" }).click();
    await expect(told).toHaveCount(2, { timeout: 500 });
  }).toPass();
  await expect(told.first()).toContainText("To Lin Xia");
  await expect(told.first()).toContainText("Shall I keep them for you?");
  await expect(told.first()).toContainText("1 unread");
});
