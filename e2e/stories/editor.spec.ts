import { desktop, expect, phone, test } from "../harness.ts";
import { answerTo, dropOn, paste, photo, pick, picture, Record, row, Thread } from "../talk.ts";

/** A photo that takes a while to be made ready, and one that takes none. */
const large = () => picture("large.png", 4_000, 3_000);
const small = () => picture("small.png", 200, 150, [40, 90, 160]);

/** What stands in the field, in its order: text, and pictures by their width. */
function contents(field: Element): (string | number)[] {
  return [...field.childNodes].map((node) => (node instanceof HTMLImageElement ? node.naturalWidth : (node.textContent ?? "")));
}

test("undo brings back what was written to this buyer, and nothing that was written to another", async ({ person }) => {
  await new Thread(await (await person()).chatAbout(1001)).say("From Lin");
  await new Thread(await (await person()).chatAbout(1001, "b")).say("From Sam");
  const console = await (await person()).console("E_1/yun");
  const lin = await answerTo(console, "Lin Xia");
  await lin.field.click();
  await console.keyboard.type("for Lin alone");
  await console.keyboard.press("Enter");
  await lin.expectStanding("for Lin alone", "delivered");
  await console.keyboard.type("a draft to Lin");

  const sam = await answerTo(console, "Sam Park");
  await sam.field.click();
  for (const key of ["z", "z", "z", "y", "y", "Shift+z"]) await console.keyboard.press(`Control+${key}`);
  await expect(sam.field).toHaveText("");
  await console.keyboard.type("two words");
  await console.keyboard.press("Control+z");
  await expect(sam.field).toHaveText("two ");
  await console.keyboard.press("Control+y");
  await expect(sam.field).toHaveText("two words");
  await console.keyboard.type("!"); // the caret is where it was
  await expect(sam.field).toHaveText("two words!");

  await row(console, "Lin Xia").click();
  await expect(lin.field).toHaveText("a draft to Lin");
  await lin.field.click();
  for (const _ of [1, 2, 3, 4]) await console.keyboard.press("Control+z");
  await expect(lin.field).toHaveText("a draft to Lin");
});

test("undo goes back by what an input method has written, not by the letters on the way there", async ({ person }) => {
  await new Thread(await (await person()).chatAbout(1001)).say("From Lin");
  const console = await (await person()).console("E_1/yun");
  const { field } = await answerTo(console, "Lin Xia");
  await field.click();
  const keyboard = await console.context().newCDPSession(console);
  const write = async (letters: readonly string[], meant: string): Promise<void> => {
    for (const text of letters) {
      const end = text.length;
      await keyboard.send("Input.imeSetComposition", { text, selectionStart: end, selectionEnd: end });
      await expect(field).toContainText(text);
      // Slower than what is undone together.
      await console.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_100)));
    }
    await keyboard.send("Input.insertText", { text: meant });
  };
  await write(["n", "ni", "ni hao"], "你好");
  await expect(field).toHaveText("你好");
  await write(["q", "qin"], "，亲");
  await expect(field).toHaveText("你好，亲");
  const undo = () => console.keyboard.press("Control+z");
  await undo();
  await expect(field).toHaveText("你好");
  await undo();
  await expect(field).toHaveText("");
  await console.keyboard.press("Control+y");
  await expect(field).toHaveText("你好");
});

test("what is written and sent in one window is so in the other: nobody sends it twice", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("From Lin");
  const shop = await person();
  const one = await answerTo(await shop.console("E_1/yun"), "Lin Xia");
  const other = await answerTo(await shop.console("E_1/yun"), "Lin Xia");
  await one.page.bringToFront();
  await one.field.click();
  await one.page.keyboard.type("Yes, today.");
  await expect(other.field).toHaveText("Yes, today.");
  await one.page.keyboard.press("Enter");
  await expect(other.field).toHaveText("");
  await expect(other.send).toBeDisabled();
  await expect(other.page.locator(".c-row")).toContainText("Yes, today.");
  await other.page.bringToFront();
  await other.field.click();
  await other.page.keyboard.type("And tomorrow.");
  await expect(one.field).toHaveText("And tomorrow.");
  await expect(other.field).toHaveText("And tomorrow.");
});

test("a picture stays where it was pasted, whatever is written while it is made ready", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Which one?");
  const console = await (await person(desktop)).console("E_1/yun");
  const seller = await answerTo(console, "Lin Xia");
  await seller.field.click();
  await console.keyboard.type("This:");
  await paste(seller.field, large());
  await console.keyboard.type("or that:");
  await paste(seller.field, small());
  await console.keyboard.type("?");
  await expect.poll(() => seller.field.evaluate(contents)).toEqual(["This:", 4_000, "or that:", 200, "?"]);

  // Elsewhere, one goes on in peace.
  await console.keyboard.press("Control+k");
  await expect(console.getByRole("searchbox")).toBeFocused();
  await console.keyboard.type("Lin Xia please");
  await expect(console.getByRole("searchbox")).toHaveValue("Lin Xia please");
  await console.keyboard.press("Escape");
  await seller.field.focus();
  await expect(seller.send).toBeEnabled();
  await seller.send.click();
  const sent = buyer.message("This:");
  await expect(sent.getByRole("button", { name: /^Open picture/ })).toHaveCount(2);
  await expect(sent.locator(".rich-text")).toHaveText(["This:", "or that:", "?"]);
});

test("a last message from right to left shows its beginning in the list", async ({ person }) => {
  const said = "هل هذا المنتج متوفر بعدة ألوان وهل يمكن توصيله إلى المنزل قبل نهاية هذا الأسبوع من فضلك";
  const buyer = new Thread(await (await person(desktop)).chatAbout(1001));
  await buyer.say(said);
  const console = await (await person(desktop)).console("E_1/yun");
  for (const list of [row(console, "Lin Xia"), row(buyer.page, "Kiln & Cloud")]) {
    const summary = list.locator("[dir=auto]");
    await expect(summary).toHaveText(said);
    const [box, first] = await summary.evaluate((at) => {
      const range = document.createRange();
      range.setStart(at.firstChild as Node, 0);
      range.setEnd(at.firstChild as Node, 1);
      return [at.getBoundingClientRect(), range.getBoundingClientRect()].map(({ left, right }) => ({ left, right }));
    });
    expect(first?.left).toBeGreaterThanOrEqual(box?.left ?? Number.NaN);
    expect(first?.right).toBeLessThanOrEqual((box?.right ?? Number.NaN) + 1);
  }
});

test("the pictures a buyer has picked wait with the words for the way back", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  const { page } = buyer;
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  const tray = page.getByRole("list", { name: "Pictures to send" }).getByRole("listitem");
  await pick(page, small());
  await expect(tray).toHaveCount(1);
  await buyer.field.fill("This one?");
  await page.getByRole("button", { name: "To my chats" }).click();
  await row(page, "Kiln & Cloud").click();
  await expect(buyer.field).toHaveValue("This one?");
  await expect(tray).toHaveCount(1);
  await buyer.send.click();
  await expect(tray).toHaveCount(0);
  await expect(buyer.messages.last().locator(".picture")).toBeVisible();
});

test("a picture that a buyer pastes goes along, and text pastes as text", async ({ person }) => {
  const buyer = new Thread(await (await person(desktop)).chatAbout(1001));
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  await buyer.field.fill("Like this?");
  await paste(buyer.field, small());
  await expect(buyer.page.getByRole("list", { name: "Pictures to send" }).getByRole("listitem")).toHaveCount(1);
  await expect(buyer.field).toHaveValue("Like this?");
  const taken = await buyer.field.evaluate((at) => {
    const data = new DataTransfer();
    data.setData("text/plain", "words");
    return !at.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  expect(taken).toBe(false); // the browser puts it in
  await buyer.send.click();
  await expect(buyer.message("Like this?").locator(".picture")).toBeVisible();
});

test("what a buyer has begun to write to each seller is there after a reload, and nowhere else", async ({ person }) => {
  const lin = await person(desktop);
  const mug = new Thread(await lin.chatAbout(1001));
  await mug.field.fill("About the mug…");
  const other = new Thread(await lin.open("/chat?product=1003"));
  await expect(other.field).toHaveValue("");
  await other.field.fill("About the other…");
  for (const [thread, text] of [[mug, "About the mug…"], [other, "About the other…"]] as const) {
    await thread.page.reload();
    await expect(thread.field).toHaveValue(text);
  }
  await mug.send.click();
  await mug.expectStanding("About the mug…", "sent");
  await mug.page.reload();
  await expect(mug.message("About the mug…")).toBeVisible();
  await expect(mug.field).toHaveValue("");
  await other.page.reload();
  await expect(other.field).toHaveValue("About the other…");
});

test("a large picture is made smaller before it is sent", async ({ person }) => {
  const lin = await person(desktop);
  const buyer = new Thread(await lin.chatAbout(1001));
  await expect(buyer.field).toBeVisible();
  const file = photo("large.png", 3_200, 800);
  await pick(buyer.page, file);
  const uploaded = buyer.page.waitForRequest((request) => request.method() === "PUT" && request.url().includes("/v1/files/"));
  await buyer.send.click();
  expect(Number(await (await uploaded).headerValue("content-length"))).toBeLessThan(file.buffer.length);
  await expect(buyer.messages.last().locator(".picture")).toBeVisible();
  const record = await Record.of(lin, "buyer");
  const images = async () => (await record.messages()).flatMap(({ blocks }) => blocks.flatMap(({ image }) => image ?? []));
  await expect.poll(images).toEqual([expect.objectContaining({ width: 2_560, height: 640 })]);
  const [image] = await images();
  const { url } = await record.fileUrl(image?.file ?? "");
  const kept = await lin.context.request.get(new URL(url, lin.url).href);
  expect((await kept.body()).length).toBeLessThan(file.buffer.length);
});

test("a buyer at a keyboard may have Enter start a new line; that lasts", async ({ person }) => {
  const lin = await person(desktop);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("one");
  await buyer.page.getByRole("button", { name: "Menu", exact: true }).last().click();
  await buyer.page.getByRole("menuitemradio", { name: "Ctrl+Enter sends" }).click();
  const write = async (text: string): Promise<void> => {
    await buyer.field.click();
    await buyer.page.keyboard.type("first");
    await buyer.page.keyboard.press("Enter");
    await buyer.page.keyboard.type(text);
    await expect(buyer.field).toHaveValue(`first\n${text}`);
    await buyer.page.keyboard.press("Control+Enter");
    await expect(buyer.field).toHaveValue("");
  };
  await write("two");
  await buyer.page.reload();
  await expect(buyer.message("one")).toBeVisible();
  await expect(async () => {
    await buyer.page.getByRole("button", { name: "Menu", exact: true }).last().click();
    const choice = buyer.page.getByRole("menuitemradio", { name: "Ctrl+Enter sends" });
    await expect(choice).toBeVisible({ timeout: 3_000 });
    const holds = await choice.getAttribute("aria-checked");
    await buyer.page.keyboard.press("Escape");
    expect(holds).toBe("true");
  }).toPass();
  await write("three");
  await expect(buyer.messages).toHaveCount(3);
});

test("a picture dropped on the thread goes along; dropped beside it, it leaves the page as it is", async ({ person }) => {
  const buyer = new Thread(await (await person(desktop)).chatAbout(1001));
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  const tray = buyer.page.getByRole("list", { name: "Pictures to send" }).getByRole("listitem");
  await expect.poll(() => dropOn(buyer.page.locator(".inbox"), small())).toEqual({ over: true, taken: true });
  await expect(tray).toHaveCount(0);
  // What takes it comes when the page stands already.
  await expect(async () => {
    expect(await dropOn(buyer.page.locator(".thread-scroll"), small())).toEqual({ over: true, taken: true });
    await expect(tray).toHaveCount(1, { timeout: 1_000 });
  }).toPass();
  expect(await buyer.page.locator(".drop-here").count()).toBe(0);
  await buyer.send.click();
  await expect(buyer.messages.last().locator(".picture")).toBeVisible();
  await buyer.page.locator(".thread-scroll").evaluate((at) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(["x"], "x.png", { type: "image/png" }));
    at.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await expect(buyer.page.locator("main.drop-here")).toHaveCount(1);

  const seller = await answerTo(await (await person(desktop)).console("E_1/yun"), "Lin Xia");
  expect(await dropOn(seller.page.locator(".c-row").first(), small())).toEqual({ over: true, taken: true });
  expect(await seller.field.evaluate(contents)).not.toContain(200);
  expect(await dropOn(seller.page.locator(".thread-scroll"), small())).toEqual({ over: true, taken: true });
  await expect.poll(() => seller.field.evaluate(contents)).toContain(200);
});

test("a question that is offered goes behind what is written, and one writes on from there", async ({ person }) => {
  const buyer = new Thread(await (await person(desktop)).chatAbout(1001));
  await buyer.field.fill("Hi!");
  await buyer.page.getByRole("button", { name: "Is this still available?" }).click();
  await expect(buyer.field).toHaveValue("Hi! Is this still available?");
  await expect(buyer.field).toBeFocused();
});
