import { expect, phone, test } from "../harness.ts";

test("a buyer asks, the seller answers", async ({ person }) => {
  const seller = await (await person()).console("E_1/yun");
  const buyer = await (await person(phone)).chatAbout(1001);

  await buyer.getByRole("textbox", { name: "Message" }).fill("Does the glaze bear a dishwasher?");
  await buyer.getByRole("button", { name: "Send", exact: true }).click();
  await expect(buyer.getByRole("log")).toContainText("Does the glaze bear a dishwasher?");

  await seller.getByText("Does the glaze bear a dishwasher?").first().click();
  await expect(seller.getByRole("log")).toContainText("Does the glaze bear a dishwasher?");
  await seller.getByRole("textbox").last().fill("It does, every day if you like.");
  await seller.keyboard.press("Enter");

  await expect(buyer.getByRole("log")).toContainText("It does, every day if you like.");
});

test("the server is updated while they chat", async ({ person, server }) => {
  const seller = await (await person()).console("E_2/nora");
  const buyer = await (await person(phone)).chatAbout(1002, "b");
  const write = buyer.getByRole("textbox", { name: "Message" });
  const send = buyer.getByRole("button", { name: "Send", exact: true });

  await write.fill("Is the shutter quiet?");
  await send.click();
  await seller.getByText("Is the shutter quiet?").first().click();

  expect(await server.stop()).toBe(0);
  await write.fill("And does the meter work?");
  await send.click();
  await server.start();

  await expect(seller.getByRole("log")).toContainText("And does the meter work?", { timeout: 30_000 });
  await expect(buyer.getByRole("log").getByText("And does the meter work?")).toHaveCount(1);
});
