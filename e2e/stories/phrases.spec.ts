import { expect, expectAccessible, inChinese, type Page, test } from "../harness.ts";
import { answerTo, Record, Thread } from "../talk.ts";

test("a seller keeps quick phrases and finds them by a slash, in Chinese by their sounds", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Can you send it today?");
  const console = await (await person()).console("E_1/yun");
  const seller = await answerTo(console, "Lin Xia");

  await seller.field.focus();
  await console.keyboard.type("/");
  await expect(console.getByText("There are no quick phrases yet.")).toBeVisible();
  await console.getByRole("button", { name: "Change quick phrases…" }).click();
  const dialog = console.getByRole("tabpanel", { name: "Quick phrases" });
  const add = async (scope: string, name: string, text: string): Promise<void> => {
    const section = dialog.getByRole("region", { name: scope });
    await section.getByRole("button", { name: "Add a phrase" }).click();
    const form = dialog.getByRole("form", { name: scope });
    await form.getByLabel("Short name").fill(name);
    await form.getByLabel("Text").fill(text);
    await form.getByRole("button", { name: "Save" }).click();
    await expect(form).toBeHidden();
  };
  await add("Mine", "发货", "亲，今天 17:00 前付款当天发货");
  await add("Mine", "", "Hello {buyer}, the {product} leaves today.");
  await add("The whole shop’s", "Returns", "You can send it back within 14 days.");
  await expectAccessible(console);
  await dialog.getByRole("button", { name: "Move up: Hello {buyer}" }).click();
  await expect(dialog.getByRole("listitem").first()).toContainText("Hello {buyer}");
  await dialog.getByRole("button", { name: "Delete: Returns" }).click();
  await console.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
  await expect(dialog.getByRole("listitem")).toHaveCount(3);
  await console.keyboard.press("Escape");
  await expect(dialog).toBeHidden();

  await seller.field.fill("");
  await seller.field.focus();
  await console.keyboard.type("/fh");
  const options = console.getByRole("listbox", { name: "Quick phrases" }).getByRole("option");
  await expect(options).toHaveCount(1);
  await expect(options).toContainText("发货");
  await expectAccessible(console);
  await console.keyboard.press("Enter"); // chooses; it does not send
  await expect(seller.field).toHaveText("亲，今天 17:00 前付款当天发货");
  await console.keyboard.press("Control+z");
  await expect(seller.field).toHaveText("/fh");

  await seller.field.fill("");
  await console.keyboard.press("Alt+1");
  await expect(seller.field).toHaveText("Hello Lin Xia · 林夏, the Celadon mug · 青瓷马克杯 leaves today.");
  await console.keyboard.press("Enter");
  await expect(buyer.message("Hello Lin Xia · 林夏, the Celadon mug · 青瓷马克杯 leaves today.")).toBeVisible();

  // A slash that is meant stays one, and Esc does not leave the field.
  await console.keyboard.type("/re");
  await expect(options.first()).toContainText("Returns");
  await console.keyboard.press("Escape");
  await expect(options).toHaveCount(0);
  await expect(seller.field).toBeFocused();
  await console.keyboard.press("Enter");
  await expect(buyer.message("/re")).toBeVisible();
});

test("phrases of the shop are everybody's, one's own are not", async ({ person }) => {
  await new Thread(await (await person()).chatAbout(1001)).say("hello");
  const write = async (agent: "E_1/yun" | "E_1/otto", options = {}): Promise<Thread> =>
    answerTo(await (await person(options)).console(agent), "Lin Xia");
  const yun = await write("E_1/yun");
  await yun.page.evaluate(async () => {
    const answer = await fetch("/v1/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ side: "merchant" }),
    });
    const { token } = (await answer.json()) as { token: string };
    for (const [scope, text] of [["mine", "only mine"], ["shop", "for all"]]) {
      await fetch(`/v1/phrases/${scope}/a`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ text }),
      });
    }
  });
  const otto = await write("E_1/otto", inChinese);
  await otto.field.focus();
  await otto.page.keyboard.type("/");
  const options = otto.page.getByRole("listbox", { name: "快捷短语" }).getByRole("option");
  await expect(options).toHaveCount(1);
  await expect(options).toContainText("for all");
});

test("who changes a phrase that a colleague has changed meanwhile is told before it is replaced", async ({ person }) => {
  const book = async (agent: "E_1/yun" | "E_1/otto") => {
    const console = await (await person()).console(agent);
    await console.getByRole("button", { name: "Settings", exact: true }).click();
    const dialog = console.getByRole("dialog", { name: "Settings" });
    await dialog.getByRole("tab", { name: "Quick phrases" }).click();
    return dialog;
  };
  const yun = await book("E_1/yun");
  const form = (dialog: typeof yun) => dialog.getByRole("form", { name: "The whole shop’s" });
  await yun.getByRole("region", { name: "The whole shop’s" }).getByRole("button", { name: "Add a phrase" }).click();
  await form(yun).getByLabel("Text").fill("first");
  await form(yun).getByRole("button", { name: "Save" }).click();
  await expect(form(yun)).toBeHidden();

  const otto = await book("E_1/otto");
  await otto.getByRole("button", { name: "Change: first" }).click();
  await form(otto).getByLabel("Text").fill("from Otto");
  await yun.getByRole("button", { name: "Change: first" }).click();
  await form(yun).getByLabel("Text").fill("from Yun");
  await form(yun).getByRole("button", { name: "Save" }).click();
  await expect(form(yun)).toBeHidden();

  await form(otto).getByRole("button", { name: "Save" }).click();
  await expect(otto.getByText("A colleague has changed this meanwhile.")).toBeVisible();
  await expect(otto.getByRole("listitem")).toContainText("from Yun");
  await expect(form(otto).getByLabel("Text")).toHaveValue("from Otto");
  await form(otto).getByRole("button", { name: "Save" }).click();
  await expect(form(otto)).toBeHidden();
  await expect(otto.getByRole("listitem")).toContainText("from Otto");
});

/** Keeps back what is asked for at such an address until it is let go; says whether anybody has asked. */
async function holdBack(page: Page, address: string) {
  let letGo = (_: "on" | "nowhere"): void => undefined;
  const gone = new Promise<"on" | "nowhere">((resolve) => {
    letGo = resolve;
  });
  const held = { asked: false, letGo };
  await page.route(address, async (route) => {
    held.asked = true;
    await ((await gone) === "on" ? route.continue() : route.abort());
  });
  return held;
}

test("who is quicker than the phrases gets the one that was meant, and the buyer no slash", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Can you send it today?");
  const shop = await person();
  const console = await shop.console("E_1/yun");
  const record = await Record.of(shop, "merchant");
  await record.put("/v1/phrases/mine/a", { title: "发货", text: "今天发货" });
  for (const address of ["**/v1/phrases", "**/assets/esm-*"]) {
    const held = await holdBack(console, address);
    await console.reload();
    const seller = await answerTo(console, "Lin Xia");
    await expect.poll(() => held.asked, "loaded before anybody asks for one").toBe(true);
    await seller.field.focus();
    await console.keyboard.type("/fh");
    await expect(console.getByText("Loading phrases…")).toBeVisible();
    await console.keyboard.press("Enter");
    await console.keyboard.press("Enter");
    await expect(seller.field).toHaveText("/fh");
    held.letGo("on");
    await expect(seller.field).toHaveText("今天发货");
    await seller.field.fill("");
    await console.unrouteAll({ behavior: "ignoreErrors" });
  }

  // Who thinks better of it gets none.
  const late = await holdBack(console, "**/assets/esm-*");
  await console.reload();
  const { field } = await answerTo(console, "Lin Xia");
  await field.focus();
  await console.keyboard.type("/f");
  await expect(console.getByText("Loading phrases…")).toBeVisible();
  await console.keyboard.press("Enter");
  await console.keyboard.press("Backspace");
  await expect(console.getByRole("option", { name: /今天发货/ })).toBeVisible();
  await expect(field).toHaveText("/");
  late.letGo("on");
  await field.fill("");
  await console.unrouteAll({ behavior: "ignoreErrors" });

  // What cannot be had keeps nobody from writing a slash.
  const held = await holdBack(console, "**/assets/esm-*");
  await console.reload();
  const seller = await answerTo(console, "Lin Xia");
  await seller.field.focus();
  await console.keyboard.type("/fh");
  await console.keyboard.press("Enter");
  held.letGo("nowhere");
  await expect(console.getByText("No phrase matches.")).toBeVisible();
  await expect(seller.field).toHaveText("/fh");
  await console.keyboard.press("Enter");
  await expect(buyer.message("/fh")).toBeVisible();
  expect(await buyer.texts()).toEqual(["Can you send it today?", "/fh"]);
});
