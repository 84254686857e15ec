import { expect, expectAccessible, phone, test } from "../harness.ts";
import { answerTo, png, Record, row, Thread } from "../talk.ts";

test("a seller finds who waits for an answer, and who asked about a product", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001, "a"));
  await lin.say("How big is it?");
  await lin.expectStanding("How big is it?", "sent");
  const sam = new Thread(await (await person(phone)).chatAbout(1001, "b"));
  await sam.say("Do you ship abroad?");
  await sam.expectStanding("Do you ship abroad?", "sent");

  const console = await (await person()).console("E_1/yun");
  await expect(row(console, "Sam Park")).toBeVisible();
  await console.getByRole("radio", { name: "Waiting" }).check({ force: true });
  await expect(row(console, "Lin Xia")).toBeVisible();
  const seller = await answerTo(console, "Lin Xia");
  await seller.say("As big as a cup");
  await seller.expectStanding("As big as a cup", "read");
  await expect(row(console, "Lin Xia")).toBeVisible(); // it is looked at
  await answerTo(console, "Sam Park");
  await expect(row(console, "Lin Xia")).toHaveCount(0);
  await lin.say("And in blue?");
  await expect(row(console, "Lin Xia")).toBeVisible();

  await console.getByRole("radio", { name: "All" }).check({ force: true });
  const others = console.getByRole("button", { name: "Who else asked" });
  await others.focus();
  await console.keyboard.press("Enter");
  await expect(others).toBeDisabled();
  await expect(others).toBeFocused();
  expect((await console.getByText("Only about").boundingBox())?.width).toBeGreaterThan(40); // in words that one sees
  await expect(console.getByRole("button", { name: "About any product" })).toBeVisible();
  await expect(row(console, "Lin Xia")).toBeVisible();
  await expectAccessible(console);
  await console.getByRole("button", { name: "About any product" }).click();
  await expect(console.getByRole("button", { name: "About any product" })).toHaveCount(0);
});

test("a seller chooses a product, and lists the conversations about it alone", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001, "a"));
  await lin.say("How big is it?");
  await lin.expectStanding("How big is it?", "sent");
  const sam = new Thread(await (await person(phone)).chatAbout(1008, "b"));
  await sam.say("Does it drip?");
  await sam.expectStanding("Does it drip?", "sent");

  const console = await (await person()).console("E_1/yun");
  await expect(row(console, "Sam Park")).toBeVisible();
  const choose = console.getByRole("button", { name: "Only about one product…" });
  await choose.press("Enter");
  const dialog = console.getByRole("dialog", { name: "Only about one product…" });
  await dialog.getByRole("combobox").fill("celadon");
  await expect(dialog.getByRole("option")).toHaveCount(1);
  await expectAccessible(console);
  await dialog.getByRole("combobox").press("Enter");
  await expect(dialog).toBeHidden();
  await expect(row(console, "Sam Park")).toHaveCount(0);
  await expect(row(console, "Lin Xia")).toBeVisible();
  await console.getByRole("button", { name: "About any product" }).click();
  await expect(row(console, "Sam Park")).toBeVisible();
});

test("a seller sees all pictures of a conversation beside it, the latest first", async ({ person }) => {
  const lin = await person(phone);
  await lin.chatAbout(1001);
  const script = await Record.of(lin, "buyer");
  // Far from where the unread begins, and from the newest.
  for (let i = 1; i <= 150; i++) await script.send({ product: "1001" }, `Line ${i}`);
  for (let i = 1; i <= 14; i++) await script.show({ product: "1001" }, png(40 + i, 30, [196, 90, 60]));
  for (let i = 1; i <= 150; i++) await script.send({ product: "1001" }, `Further line ${i}`);

  const console = await (await person()).console("E_1/yun");
  const seller = await answerTo(console, "Lin Xia");
  const shared = console.getByRole("region", { name: "Shared pictures" }).getByRole("button", { name: /^Open picture/ });
  await expect(shared).toHaveCount(12);
  await console.getByRole("button", { name: "Show more" }).click();
  await expect(shared).toHaveCount(14);
  await expect(console.getByRole("button", { name: "Show more" })).toHaveCount(0);
  await expectAccessible(console);
  await console.locator(".thread-pill").click();
  await expect(seller.message("Further line 150")).toBeVisible();
  await script.show({ product: "1001" }, png(60, 30, [60, 90, 196]));
  await expect(shared).toHaveCount(15);
  await seller.say("They have all come");
  await shared.last().click();
  await expect(console.getByText("15 / 15")).toBeVisible();
});

test("a seller finds what was said in Chinese; a rival does not", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001));
  await lin.say("今天发货吗？");
  await lin.expectStanding("今天发货吗？", "sent");
  const search = `/v1/messages/search?text=${encodeURIComponent("发货")}`;
  const staff = async (agent: "E_1/yun" | "E_2/nora"): Promise<Record> => {
    const who = await person();
    await who.console(agent);
    return Record.of(who, "merchant");
  };
  const seller = await staff("E_1/yun");
  await expect.poll(() => seller.get(search)).toMatchObject({
    status: 200,
    body: { found: [{ message: { blocks: [{ text: "今天发货吗？" }] } }] },
  });
  const rival = await staff("E_2/nora");
  expect(await rival.get(search)).toMatchObject({ status: 200, body: { found: [] } });
});
