import { expect, expectAccessible, type Page, phone, test } from "../harness.ts";
import { answerTo, Record, row, Thread } from "../talk.ts";

// Hundreds of messages are said in a moment.
test.use({ flags: ["--rate-factor", "0"] });

const hits = (console: Page) =>
  console.getByRole("listbox", { name: "Messages" }).getByRole("option");

test("a seller finds what was said long ago, goes there, and comes back to the newest", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  const script = await Record.of(lin, "buyer");
  for (let i = 1; i <= 400; i++) {
    await script.send({ product: "1001" }, i === 90 ? "Does the 青花 cup ship to Lyon?" : `Line ${i}`);
  }
  const console = await (await person()).console("E_1/yun");
  await console.getByRole("searchbox").fill("青花");
  await expect(hits(console)).toHaveCount(1);
  await expect(hits(console).locator("mark")).toHaveText("青花");
  await expectAccessible(console);
  await hits(console).click();
  const seller = new Thread(console);
  const found = seller.message("Does the 青花 cup ship to Lyon?");
  await expect(found).toBeInViewport();
  await expect(found).toBeFocused();
  await expect(seller.message("Line 89")).toBeVisible();
  await expect(seller.message("Line 91")).toBeVisible();
  await expect(seller.message("Line 400")).toHaveCount(0);

  // Reading on leads to the newest, and a message that came meanwhile is there too.
  await buyer.say("One more thing");
  await buyer.expectStanding("One more thing", "sent");
  const scroller = console.locator(".thread-scroll");
  await expect
    .poll(async () => {
      await scroller.evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
      return await console.locator(".thread-pill").count();
    })
    .toBe(0);
  await expect(seller.message("One more thing")).toBeInViewport();

  // What was said before one went up is not news; what is said after that is.
  await hits(console).click();
  await expect(found).toBeInViewport();
  await expect(console.locator(".thread-pill")).toHaveText("To the latest message");
  await script.send({ product: "1001" }, "And another");
  await expect(console.locator(".thread-pill")).toHaveText("1 new message");
  await console.locator(".thread-pill").click();
  await expect(seller.message("And another")).toBeInViewport();
  await expect(seller.message("One more thing")).toBeInViewport();

  await hits(console).click();
  await expect(found).toBeInViewport();
  await seller.say("Yes, it does");
  await expect(seller.message("Yes, it does")).toBeInViewport();
  await expect(buyer.message("Yes, it does")).toBeVisible();
});

test("a thread opens at its first unread message, though it was said three hundred messages ago", async ({ person }) => {
  const lin = await person(phone);
  await lin.chatAbout(1001);
  const script = await Record.of(lin, "buyer");
  for (let i = 1; i <= 300; i++) await script.send({ product: "1001" }, `Line ${i}`);
  const console = await (await person()).console("E_1/yun");
  const seller = await answerTo(console, "Lin Xia");
  await expect(seller.message("Line 1")).toBeInViewport();
  await expect(console.getByText("New messages", { exact: true })).toBeVisible();
  await expect(console.getByRole("button", { name: "Jump to unread" })).toHaveCount(0);
  const pill = console.locator(".thread-pill");
  await expect(pill).toHaveText(/^2\d\d new messages$/); // what is in sight is read, and no more
  await pill.click();
  await expect(seller.message("Line 300")).toBeInViewport();
  await expect(pill).toHaveCount(0);
});

test("who was led past what is unread jumps back to where it begins, once", async ({ person }) => {
  const lin = await person(phone);
  await lin.chatAbout(1001);
  const script = await Record.of(lin, "buyer");
  for (let i = 1; i <= 300; i++) await script.send({ product: "1001" }, i === 280 ? "The blue 青花 one" : `Line ${i}`);
  const console = await (await person()).console("E_1/yun");
  const seller = new Thread(console);
  const jump = console.getByRole("button", { name: "Jump to unread" });
  await console.getByRole("searchbox").fill("青花");
  await hits(console).click();
  await expect(seller.message("The blue 青花 one")).toBeInViewport();
  await expect(jump).toBeVisible();
  await expectAccessible(console);
  await jump.click();
  await expect(seller.message("Line 1")).toBeInViewport();
  await expect(console.getByText("New messages", { exact: true })).toBeInViewport();
  await expect(jump).toHaveCount(0);
  await console.locator(".thread-pill").click();
  await expect(seller.message("Line 300")).toBeInViewport();
  await expect(jump).toHaveCount(0); // it has been seen
});

test("names and messages are found together, and one conversation by itself", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001, "a"));
  await lin.say("Is Sam's parcel on its way?");
  await lin.expectStanding("Is Sam's parcel on its way?", "sent");
  const sam = new Thread(await (await person(phone)).chatAbout(1001, "b"));
  await sam.say("Where is my parcel?");
  await sam.expectStanding("Where is my parcel?", "sent");

  const console = await (await person()).console("E_1/yun");
  const search = console.getByRole("searchbox");
  await search.fill("sam");
  await expect(console.getByRole("listbox", { name: "Conversations" }).getByRole("option")).toHaveCount(1);
  await expect(hits(console)).toHaveCount(1);
  await search.press("ArrowDown");
  await console.keyboard.press("ArrowDown");
  await expect(hits(console)).toBeFocused();
  await console.keyboard.press("Enter");
  await expect(console.getByRole("heading", { level: 2, name: "Lin Xia" })).toBeVisible();
  await expect(new Thread(console).message("Is Sam's parcel on its way?")).toBeFocused();

  await search.fill("parcel");
  await expect(hits(console)).toHaveCount(2);
  await console.locator(".c-thread-header [aria-haspopup=menu]").click();
  await console.getByRole("menuitem", { name: "Search in this conversation" }).click();
  await expect(search).toBeFocused();
  await expect(hits(console)).toHaveCount(1);
  await expectAccessible(console);
  await search.fill("nothing of the kind");
  await expect(console.getByText("No message says that.")).toBeVisible();
  await expectAccessible(console);
  await search.press("Escape");
  await search.press("Escape");
  await expect(row(console, "Sam Park")).toBeVisible();
});

test("who is found to have said something on the shop's side is named", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001));
  await lin.say("Does the glaze craze?");
  const yun = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await yun.say("This glaze does not");
  const otto = await answerTo(await (await person()).console("E_1/otto"), "Lin Xia");
  await otto.say("No glaze of ours does");
  await expect(yun.message("No glaze of ours does")).toBeVisible();
  const search = yun.page.getByRole("searchbox");
  await expect(async () => { // what was just said is found a moment later
    await search.fill("");
    await search.fill("glaze");
    await expect(hits(yun.page)).toHaveCount(3, { timeout: 2_000 });
  }).toPass();
  await expect(hits(yun.page).filter({ hasText: "No glaze of ours" })).toContainText("Otto:");
  await expect(hits(yun.page).filter({ hasText: "This glaze" })).toContainText("You:");
  await expect(hits(yun.page).filter({ hasText: "craze" }).locator(".c-row-who")).toHaveCount(0);

  // An input method's Esc takes back what it is in the middle of, and not the search.
  await search.dispatchEvent("keydown", { key: "Escape", isComposing: true });
  await expect(search).toHaveValue("glaze");
  await search.press("Escape");
  await expect(search).toHaveValue("");
});

test("what is taken back is found no more", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001));
  await lin.say("My card number is 4000");
  await lin.expectStanding("My card number is 4000", "sent");
  const console = await (await person()).console("E_1/yun");
  await console.getByRole("searchbox").fill("card number");
  await expect(hits(console)).toHaveCount(1);
  await lin.choose(lin.message("My card number is 4000"), "Take back");
  await expect(lin.log).toContainText("You took a message back");
  await console.getByRole("searchbox").fill("card number 4000");
  await expect(console.getByText("No message says that.")).toBeVisible();
});

test("a seller keeps a conversation at hand, another quiet, and marks a third to come back to", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001, "a"));
  await lin.say("First");
  await lin.expectStanding("First", "sent");
  const sam = new Thread(await (await person(phone)).chatAbout(1001, "b"));
  await sam.say("Second");
  await sam.expectStanding("Second", "sent");

  const yun = await person();
  const console = await yun.console("E_1/yun");
  const names = async () => (await console.locator(".c-row-name").allTextContents()).map((name) => name.split(" ·")[0]);
  const choose = async (name: string, action: string) => {
    await row(console, name).click({ button: "right" });
    await expect(console.getByRole("menu")).toBeVisible();
    await expectAccessible(console);
    await console.getByRole("menuitem", { name: action, exact: true }).click();
  };
  await expect.poll(names).toEqual(["Sam Park", "Lin Xia"]);
  await choose("Lin Xia", "Pin");
  await expect.poll(names).toEqual(["Lin Xia", "Sam Park"]);
  await expect(console).toHaveTitle(/^\(2\)/);
  await choose("Sam Park", "Mute");
  await expect(console).toHaveTitle(/^\(1\)/);
  await expectAccessible(console);

  const seller = await answerTo(console, "Lin Xia");
  await lin.expectStanding("First", "read");
  await expect(console).toHaveTitle(/^[^(]/);
  await console.locator(".c-thread-header [aria-haspopup=menu]").click();
  await console.getByRole("menuitem", { name: "Mark as unread" }).click();
  await expect(seller.log).toHaveCount(0);
  await expect(row(console, "Lin Xia")).toHaveAccessibleName(/Marked as unread/);
  await lin.expectStanding("First", "read");

  // A colleague sees the same, and a reload changes nothing.
  const otto = await (await person()).console("E_1/otto");
  await expect(row(otto, "Lin Xia")).toHaveAccessibleName(/Pinned.*Marked as unread/);
  await expect(row(otto, "Sam Park")).toHaveAccessibleName(/Muted/);
  await console.reload();
  await expect.poll(names).toEqual(["Lin Xia", "Sam Park"]);
  await console.getByRole("radio", { name: "Unread" }).check({ force: true });
  await expect.poll(names).toEqual(["Sam Park", "Lin Xia"]);
  await answerTo(console, "Lin Xia");
  await expect(row(otto, "Lin Xia")).not.toHaveAccessibleName(/Marked as unread/);
});
