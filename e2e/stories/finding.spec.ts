import { expect, expectAccessible, phone, test } from "../harness.ts";
import { answerTo, row, Thread } from "../talk.ts";

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
  await seller.expectStanding("As big as a cup", "delivered");
  await expect(row(console, "Lin Xia")).toBeVisible(); // it is looked at
  await answerTo(console, "Sam Park");
  await expect(row(console, "Lin Xia")).toHaveCount(0);
  await lin.say("And in blue?");
  await expect(row(console, "Lin Xia")).toBeVisible();

  await console.getByRole("radio", { name: "All" }).check({ force: true });
  await console.getByRole("button", { name: "Who else asked" }).click();
  await expect(console.getByRole("button", { name: "About any product" })).toBeVisible();
  await expect(row(console, "Lin Xia")).toBeVisible();
  await expectAccessible(console);
  await console.getByRole("button", { name: "About any product" }).click();
  await expect(console.getByRole("button", { name: "About any product" })).toHaveCount(0);
});
