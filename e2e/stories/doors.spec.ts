import { expect, inChinese, phone, test } from "../harness.ts";
import { answerTo, row, Thread } from "../talk.ts";

const apiKey = "stories-and-nothing-but-stories-0001";

test.describe("where guests are let in", () => {
  test.use({ flags: ["--guests"] });

  test("a visitor who is nobody yet can ask, and finds the answer after a reload", async ({ person }) => {
    const guest = new Thread(await (await person(phone)).open("/chat?product=1001"));
    await expect(guest.page.getByText("You are chatting as a guest.")).toBeVisible();
    await guest.say("Do I need an account?");
    const console = await (await person()).console("E_1/yun");
    await console.getByText("Do I need an account?").first().click();
    const seller = new Thread(console);
    await seller.say("Not to ask.");
    await expect(guest.message("Not to ask.")).toBeVisible();
    await guest.page.reload();
    await expect(guest.message("Not to ask.")).toBeVisible();
  });
});

test.describe("where guests are not let in", () => {
  test("who is nobody reads so, in their language", async ({ person }) => {
    const english = await (await person(phone)).open("/chat?product=1001");
    await expect(english.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
    const chinese = await (await person({ ...phone, ...inChinese })).open("/chat?product=1001");
    await expect(chinese.locator("html")).toHaveAttribute("lang", "zh-CN");
    await expect(chinese.getByRole("heading", { level: 2 })).toHaveText(/登录|退出/);
    const console = await (await person()).open("/console");
    await expect(console.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
    const plain = await (await person()).open("/signed-out");
    await expect(plain.locator("body")).toContainText(/signed out/i);
  });

  test("whose cookie is gone is signed out, and finds the conversation after signing in again", async ({
    person,
  }) => {
    const lin = await person(phone);
    const buyer = new Thread(await lin.chatAbout(1001));
    await buyer.say("Still here?");
    await buyer.expectStanding("Still here?", "sent");
    await lin.context.clearCookies({ name: /haggle/ });
    await buyer.page.reload();
    await expect(buyer.page.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
    const again = new Thread(await lin.chatAbout(1001));
    await expect(again.message("Still here?")).toBeVisible();
  });

  test("signing out ends it, here and in the other tabs' next visit", async ({ person }) => {
    const lin = await person(phone);
    const page = await lin.chatAbout(1001);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(page.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
    expect((await lin.context.cookies()).filter((c) => c.name === "haggle_buyer")).toEqual([]);

    const yun = await person();
    const console = await yun.console("E_1/yun");
    await console.getByRole("button", { name: "Settings" }).click();
    await console.getByRole("button", { name: "Sign out" }).click();
    await expect(console.getByRole("heading", { name: "You are not signed in" })).toBeVisible();
    expect((await yun.context.cookies()).filter((c) => c.name === "haggle_merchant")).toEqual([]);
  });
});

test.describe("products", () => {
  test.use({ flags: ["--api-key", apiKey] });
  const remove = async ({ url }: { url: string }, id: string) => {
    const removed = await fetch(`${url}/v1/server/products/${id}`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${apiKey}` },
    });
    expect(removed.ok).toBe(true);
  };

  test("a product that is gone says so, and its conversation stays", async ({ person, server }) => {
    const lin = await person(phone);
    const buyer = new Thread(await lin.chatAbout(1002));
    await buyer.say("Is it still there?");
    await buyer.expectStanding("Is it still there?", "sent");
    await remove(server, "1002");

    await buyer.page.reload();
    await expect(buyer.message("Is it still there?")).toBeVisible();
    await expect(buyer.page.getByText("No longer for sale")).toBeVisible();
    await expect(buyer.page.getByRole("button", { name: "Send link" })).toBeDisabled();
    const seller = await answerTo(await (await person()).console("E_2/nora"), "Lin Xia");
    await seller.say("Sold this morning, sorry.");
    await expect(buyer.message("Sold this morning, sorry.")).toBeVisible();
    await buyer.say("What a pity");
    await expect(seller.message("What a pity")).toBeVisible();

    const sam = await person(phone);
    await sam.chatAbout(1001, "b");
    const late = await sam.open("/chat?product=1002");
    await expect(late.getByRole("heading", { name: "This product is gone" })).toBeVisible();
    await late.getByRole("button", { name: "To my chats" }).click();
    await expect(late.getByRole("heading", { name: "Chats" })).toBeVisible();
  });

  test("what cannot be sent, as its product is gone, can be read and deleted", async ({ person, server }) => {
    const lin = await person(phone);
    const page = await lin.chatAbout(1003);
    const buyer = new Thread(page);
    await buyer.expectPictureParts();
    await remove(server, "1003");
    await buyer.say("Is it still there?");
    await buyer.expectStanding("Is it still there?", "not sent");
    await page.goto(new URL("/chat", page.url()).href);
    const unsent = row(page, "Not sent yet");
    await expect(unsent).toHaveAccessibleName("Not sent yet not sent Is it still there?");
    await unsent.tap();
    await expect(page.getByRole("heading", { name: "This product is gone" })).toBeVisible();
    await buyer.expectStanding("Is it still there?", "not sent");
    await buyer.message("Is it still there?").getByRole("button", { name: "Delete" }).tap();
    await expect(buyer.messages).toHaveCount(0);
    await page.getByRole("button", { name: "To my chats" }).tap();
    await expect(page.getByText("No conversations yet")).toBeVisible();
  });
});

test("a product that never was, and no product at all", async ({ person }) => {
  const lin = await person(phone);
  const page = await lin.chatAbout(1001);
  for (const wrong of ["nothing", "%3Cscript%3E", "../../etc", "99999999"]) {
    await page.goto(`${lin.url}/chat?product=${wrong}`);
    await expect(page.getByRole("heading", { name: "This product is gone" })).toBeVisible();
  }
  await page.goto(`${lin.url}/chat`);
  await expect(page.getByRole("heading", { name: "No conversations yet" })).toBeVisible();
});

test("a seller at the buyers' door, and a buyer at the sellers'", async ({ person }) => {
  const yun = await person();
  await yun.console("E_1/yun");
  const chat = await yun.open("/chat?product=1001");
  await expect(chat.getByRole("heading", { name: /You are the seller|You are not signed in/ })).toBeVisible();

  const lin = await person();
  await lin.chatAbout(1001);
  const console = await lin.open("/console");
  await expect(
    console.getByRole("heading", { name: /This console is for sellers|You are not signed in/ }),
  ).toBeVisible();
});

test("a wrong address is answered with a page, to programs with an error they can read", async ({ person }) => {
  const lin = await person();
  const page = await lin.open("/nowhere");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: /Lantern Lane/ }).first()).toBeVisible();
  const answer = await lin.context.request.get(`${lin.url}/v1/nowhere`);
  expect(answer.status()).toBe(404);
  expect((await answer.json()).error).toMatchObject({ code: expect.any(String), request_id: expect.any(String) });
});
