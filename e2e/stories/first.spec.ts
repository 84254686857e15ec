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
