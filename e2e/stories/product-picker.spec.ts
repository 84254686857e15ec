import { expect, expectAccessible, test } from "../harness.ts";
import { answerTo, Thread } from "../talk.ts";

test("a seller finds a product of the shop's own and sends its card, by the keyboard alone", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Have you got a teapot, too?");
  const console = await (await person()).console("E_1/yun");
  const seller = await answerTo(console, "Lin Xia");
  await console.getByRole("button", { name: "Send a product" }).press("Enter");
  const dialog = console.getByRole("dialog", { name: "Send a product" });
  const field = dialog.getByRole("combobox", { name: "Search your products" });
  await expect(field).toBeFocused();
  const options = dialog.getByRole("option");
  await expect(options.filter({ hasText: "Celadon mug" })).toBeVisible();
  await expectAccessible(console);
  const all = await options.count();
  await field.fill("celadon");
  await expect(options).toHaveCount(1);
  await field.fill("nothing of the kind");
  await expect(dialog.getByText("No product of yours has that in its title.")).toBeVisible();
  await field.fill("");
  await expect(options).toHaveCount(all);
  await field.press("ArrowDown");
  const second = dialog.getByRole("option", { selected: true });
  const title = await second.locator(".product-title").innerText();
  await field.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(buyer.messages.last().getByText(title)).toBeVisible();
  await expect(seller.messages).toHaveCount(2);
});

test("what was asked for in one conversation is not done in another that is gone to meanwhile", async ({ person }) => {
  for (const [key, text] of [["a", "Mine"], ["b", "And mine"]] as const) {
    const buyer = new Thread(await (await person()).chatAbout(1001, key));
    await buyer.say(text);
    await buyer.expectStanding(text, "sent");
  }
  const console = await (await person()).console("E_1/yun");
  await answerTo(console, "Sam Park");
  const sams = new URL(console.url()).searchParams.get("c") ?? "";
  for (const [open, title] of [
    [() => console.getByRole("button", { name: "Send a product" }).click(), "Send a product"],
    [() => console.getByRole("button", { name: "Report…" }).click(), "Report Lin Xia"],
  ] as const) {
    await answerTo(console, "Lin Xia");
    await open();
    const dialog = console.getByRole("dialog", { name: title });
    await expect(dialog).toBeVisible();
    await console.evaluate((id) => {
      history.replaceState(null, "", `?c=${id}`); // as a notice of the other buyer's message does
      dispatchEvent(new PopStateEvent("popstate"));
    }, sams);
    await expect(console.getByRole("heading", { level: 2, name: "Sam Park" })).toBeVisible();
    await expect(dialog).toHaveCount(0);
  }
});
