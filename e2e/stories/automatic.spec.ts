import { expect, expectAccessible, inChinese, type Page, phone, test } from "../harness.ts";
import { row, Thread } from "../talk.ts";

async function settings(console: Page) {
  await console.getByRole("button", { name: "Settings", exact: true }).click();
  const dialog = console.getByRole("dialog", { name: "Settings" });
  await dialog.getByRole("tab", { name: "Automatic messages" }).click();
  await expect(dialog.getByRole("switch", { name: "Greeting" })).toBeVisible();
  return dialog;
}

test("a shop greets who writes first, and that is no answer yet", async ({ person }) => {
  const console = await (await person()).console("E_1/yun");
  const dialog = await settings(console);
  await dialog.getByRole("switch", { name: "Greeting" }).check();
  await dialog.getByRole("textbox", { name: "Greeting" }).fill("Welcome to the kiln! We answer within the hour.");
  await expectAccessible(console);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("Saved")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();

  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Hello?");
  const greeting = buyer.message("Welcome to the kiln! We answer within the hour.");
  await expect(greeting).toBeVisible();
  await expect(greeting).toContainText("Automatic message");
  await expect(greeting).toHaveAccessibleName(/, Automatic message, /);
  await expectAccessible(buyer.page);
  await buyer.say("Anybody there?");
  await expect(buyer.messages).toHaveCount(3);
  await expect(row(console, "Lin Xia")).toContainText("Anybody there?");
  await console.getByRole("radio", { name: "Waiting" }).check({ force: true });
  await expect(row(console, "Lin Xia")).toBeVisible(); // nobody has answered
});

test("a shop that is closed says so before anybody writes, and once to who does", async ({ person }) => {
  const console = await (await person()).console("E_1/yun");
  const dialog = await settings(console);
  await dialog.getByRole("switch", { name: "Away message" }).check();
  await dialog.getByRole("textbox", { name: "Away message" }).fill("今天休息，明天回复您。");
  for (const day of await dialog.getByRole("checkbox").all()) await day.uncheck();
  await expectAccessible(console);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("Saved")).toBeVisible();
  await dialog.getByRole("button", { name: "Close" }).click();

  const buyer = new Thread(await (await person({ ...phone, ...inChinese })).chatAbout(1001));
  await expect(buyer.page.getByText("店铺暂不营业。")).toBeVisible();
  await buyer.say("在吗");
  await buyer.say("还有货吗");
  await expect(buyer.message("今天休息，明天回复您。")).toContainText("自动回复");
  await expect(buyer.messages).toHaveCount(3);
});

test("of two colleagues who change the settings one is told", async ({ person }) => {
  const change = async (agent: "E_1/yun" | "E_1/otto", text: string) => {
    const dialog = await settings(await (await person()).console(agent));
    await dialog.getByRole("switch", { name: "Greeting" }).check();
    await dialog.getByRole("textbox", { name: "Greeting" }).fill(text);
    return dialog;
  };
  const yun = await change("E_1/yun", "from Yun");
  const otto = await change("E_1/otto", "from Otto");
  await yun.getByRole("button", { name: "Save" }).click();
  await expect(yun.getByText("Saved")).toBeVisible();
  await otto.getByRole("button", { name: "Save" }).click();
  await expect(otto.getByText("A colleague has changed this meanwhile.")).toBeVisible();
  // One's own words are still there, and the colleague's are shown.
  await expect(otto.getByText("Saved by a colleague meanwhile: from Yun")).toBeVisible();
  await expect(otto.getByRole("textbox", { name: "Greeting" })).toHaveValue("from Otto");
  await otto.getByRole("button", { name: "Save" }).click();
  await expect(otto.getByText("Saved", { exact: true })).toBeVisible();
  await expect(otto.getByRole("button", { name: "Discard changes" })).toBeHidden();
  await expect(otto.getByText("Saved by a colleague meanwhile")).toBeHidden();
});

test("changes that were kept meet a colleague's at the next look, and take over what one has not changed", async ({ person }) => {
  const page = await (await person()).console("E_1/otto");
  const otto = await settings(page);
  await otto.getByRole("switch", { name: "Greeting" }).check();
  await otto.getByRole("textbox", { name: "Greeting" }).fill("from Otto");
  await otto.getByRole("switch", { name: "Away message" }).check();
  await otto.getByRole("checkbox", { name: "Monday" }).uncheck();
  await otto.getByRole("switch", { name: "Away message" }).uncheck();
  await page.keyboard.press("Escape");
  await expect(otto).toBeHidden();

  const yun = await settings(await (await person()).console("E_1/yun"));
  await yun.getByRole("switch", { name: "Away message" }).check();
  await yun.getByRole("textbox", { name: "Away message" }).fill("closed, says Yun");
  await yun.getByRole("checkbox", { name: "Sunday" }).check();
  await yun.getByRole("button", { name: "Save" }).click();
  await expect(yun.getByText("Saved")).toBeVisible();

  await settings(page);
  await expect(otto.getByRole("textbox", { name: "Away message" })).toHaveValue("closed, says Yun");
  await expect(otto.getByRole("textbox", { name: "Greeting" })).toHaveValue("from Otto");
  await expect(otto.getByRole("checkbox", { name: "Sunday" })).toBeChecked();
  await expect(otto.getByRole("checkbox", { name: "Monday" })).not.toBeChecked();
  await expect(otto.getByText("Saved by a colleague meanwhile: Monday 09:00–18:00")).toBeVisible();
  await otto.getByRole("button", { name: "Save" }).click();
  await expect(otto.getByText("Saved", { exact: true })).toBeVisible();
});

test("what is changed in the settings and not saved is there when one comes back", async ({ person }) => {
  const console = await (await person()).console("E_1/yun");
  const dialog = await settings(console);
  const greeting = dialog.getByRole("textbox", { name: "Greeting" });
  await dialog.getByRole("switch", { name: "Greeting" }).check();
  await greeting.fill("Half a wel");
  await console.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  const toast = console.getByText("Not saved yet: Automatic messages");
  await toast.hover(); // which keeps it
  await expectAccessible(console);
  await console.getByRole("button", { name: "Go on" }).click();
  await expect(greeting).toHaveValue("Half a wel");
  await dialog.getByRole("button", { name: "Discard changes" }).click();
  await expect(dialog.getByRole("switch", { name: "Greeting" })).not.toBeChecked();
  await expect(dialog.getByRole("button", { name: "Discard changes" })).toBeHidden();

  await dialog.getByRole("tab", { name: "Quick phrases" }).click();
  const mine = dialog.getByRole("region", { name: "Mine" });
  const text = dialog.getByRole("form", { name: "Mine" }).getByLabel("Text");
  await mine.getByRole("button", { name: "Add a phrase" }).click();
  await text.fill("Half a phrase");
  await mine.getByRole("button", { name: "Add a phrase" }).click();
  await expect(text).toBeFocused(); // one after the other
  await expect(text).toHaveValue("Half a phrase");
  await console.keyboard.press("Escape");
  await console.getByRole("button", { name: "Go on" }).click();
  await expect(text).toHaveValue("Half a phrase");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await console.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(console.getByText(/Not saved yet/u)).toHaveCount(0);
});

test("who clicks twice saves once", async ({ person }) => {
  const console = await (await person()).console("E_1/yun");
  const dialog = await settings(console);
  await dialog.getByRole("switch", { name: "Greeting" }).check();
  await dialog.getByRole("textbox", { name: "Greeting" }).fill("Welcome!");
  let saves = 0;
  console.on("request", (request) => {
    if (request.method() === "PUT") saves++;
  });
  await dialog.getByRole("button", { name: "Save" }).dblclick();
  await expect(dialog.getByText("Saved")).toBeVisible();
  expect(saves).toBe(1);
  const saved = console.waitForResponse((answer) => answer.request().method() === "PUT");
  await dialog.getByRole("textbox", { name: "Greeting" }).fill("Welcome to the kiln!");
  await dialog.getByRole("button", { name: "Save" }).click();
  expect((await saved).ok()).toBe(true);
  expect(saves).toBe(2);
});
