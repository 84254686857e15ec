import { expect, type Page, phone, test } from "../harness.ts";
import { answerTo, Record, row, Thread } from "../talk.ts";

test("a message that is taken back is gone on both sides, for good", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("My number is 555");
  await buyer.say("Hello");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect(seller.message("My number is 555")).toBeVisible();

  await buyer.choose(buyer.message("My number is 555"), "Take back");
  const gone = async () => {
    await expect(buyer.log).toContainText("You took a message back");
    await expect(seller.log).toContainText("took a message back");
    for (const { page } of [buyer, seller]) await expect(page.locator("body")).not.toContainText("555");
    await expect(buyer.messages).toHaveCount(2);
    await expect(seller.messages).toHaveCount(2);
  };
  await gone();
  await buyer.page.reload();
  await seller.page.reload();
  await gone();
  expect(JSON.stringify(await (await Record.of(lin, "buyer")).messages())).not.toContain("555");

  await seller.say("Sorry, wrong price");
  await seller.choose(seller.message("Sorry, wrong price"), "Take back");
  await expect(buyer.log).not.toContainText("wrong price");
  await expect(buyer.log).toContainText("took a message back");
  // Others' messages are not one's own to take back.
  await seller.openMenu(seller.message("Hello"));
  await expect(seller.page.getByRole("menuitem", { name: "Copy text" })).toBeVisible();
  await expect(seller.page.getByRole("menuitem", { name: "Take back" })).toHaveCount(0);
});

test("a buyer blocks a seller, and takes it back", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Stop writing to me");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");

  await menu(buyer.page, "Menu", "Block seller");
  await buyer.page.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
  await expect(buyer.page.getByText("You blocked this seller. Unblock to write again.")).toBeVisible();
  await expect(seller.page.getByText("This buyer does not accept messages from you.")).toBeVisible();
  await expect(seller.field).toHaveCount(0);
  await expect(buyer.field).toHaveCount(0);
  await seller.page.reload();
  await expect(seller.page.getByText("This buyer does not accept messages from you.")).toBeVisible();

  await buyer.page.getByRole("button", { name: "Unblock" }).click();
  await seller.say("Thank you");
  await expect(buyer.message("Thank you")).toBeVisible();
});

test("a seller blocks a buyer: the buyer reads a clear refusal", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Buy followers!");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await menu(seller.page, "More actions", "Block buyer");
  await seller.page.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
  await expect(
    seller.page.getByText("You have blocked this buyer. Neither of you can send messages."),
  ).toBeVisible();
  await expect(buyer.page.getByText("This seller does not take messages from you any more.")).toBeVisible();
  await expect(buyer.field).toHaveCount(0);

  await seller.page.locator(".c-blocked").getByRole("button", { name: "Unblock" }).click();
  await buyer.say("I am sorry");
  await expect(seller.message("I am sorry")).toBeVisible();

  // A slip is taken back as easily as the buyer's.
  await menu(seller.page, "More actions", "Block buyer");
  await seller.page.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
  await expect(seller.page.locator(".c-blocked")).toBeVisible();
  await seller.page.locator(".toast").getByRole("button", { name: "Undo" }).last().click();
  await expect(seller.page.locator(".c-blocked")).toHaveCount(0);
  await buyer.say("Thank you");
  await expect(seller.message("Thank you")).toBeVisible();
});

test("both sides can report, a conversation or one message", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Hm");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("Pay me outside the shop");

  await buyer.choose(buyer.message("Pay me outside the shop"), "Report");
  const form = buyer.page.getByRole("dialog", { name: "Report this message" });
  await expect(form.getByRole("button", { name: "Send report" })).toBeDisabled();
  await form.getByRole("radio", { name: "Asks to pay outside the shop" }).check();
  await form.getByRole("button", { name: "Send report" }).click();
  await expect(buyer.page.getByText("Thank you. The shop will look into it.")).toBeVisible();

  await menu(seller.page, "More actions", "Report…");
  await seller.page.getByLabel("What happened?").fill("Spam");
  await seller.page.getByRole("button", { name: "Send report" }).click();
  await expect(seller.page.getByText("Thank you. The report was sent.")).toBeVisible();
});

test("a conversation does not exist for anybody else", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Between us");
  await buyer.expectStanding("Between us", "sent");
  const { id } = await (await Record.of(lin, "buyer")).conversation();

  const rival = await person();
  const console = await rival.console("E_2/nora");
  await console.goto(`${rival.url}/console?c=${id}`);
  await expect(console.getByText("This does not exist any more.").first()).toBeVisible();
  await expect(console.locator("body")).not.toContainText("Between us");
  const nosy = await Record.of(rival, "merchant");
  expect(await nosy.conversations()).toEqual([]);
  for (const path of ["", "/messages", "/recalls?after=0"]) {
    expect((await nosy.get(`/v1/conversations/${id}${path}`)).status).toBe(404);
  }

  const stranger = await person(phone);
  const other = await stranger.chatAbout(1001, "b");
  await other.goto(`${stranger.url}/chat?c=${id}`);
  await expect(other.getByRole("heading", { name: "No such conversation" })).toBeVisible();
  await other.getByRole("button", { name: "To my chats" }).click();
  await expect(row(other, "Kiln")).toHaveCount(0);
});

async function menu(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).last().click();
  await page.getByRole("menuitem", { name: item }).click();
}
