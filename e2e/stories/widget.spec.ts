import { askedUntilShown, budgetKib, kibOf, noteShown } from "../first-load.ts";
import { expect, expectAccessible, phone } from "../harness.ts";
import { answerTo, Thread } from "../talk.ts";
import { haggle, inFrame, launcher, opened, panel, said, test, wrong } from "../visit.ts";

test("a buyer asks from a shop's page on another site; an answer shows on the closed button", async ({ visit, person }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Is it dishwasher-safe?");
  await thread.expectStanding("Is it dishwasher-safe?", "sent");
  await page.getByRole("button", { name: "Close the chat" }).click();
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();

  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("Yes, up to 60 °C.");
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller, 1 new message");
  const peek = page.getByRole("button", { name: /Kiln & Cloud.*Yes, up to 60 °C\./ });
  await expect(peek).toBeVisible();
  await expectAccessible(page);
  await seller.expectStanding("Yes, up to 60 °C.", "delivered"); // and not read: nobody has looked

  await peek.click();
  await expect(thread.message("Yes, up to 60 °C.")).toBeVisible();
  await seller.expectStanding("Yes, up to 60 °C.", "read");
  await expect.poll(() => said(page)).toEqual(["open", "token asked", "close", "unread 1", "open", "unread 0"]);
  expect(await wrong(page)).toEqual([]);
});

test("who has never talked costs the shop's page the button and nothing else", async ({ visit, server }) => {
  const page = await visit();
  const asked: string[] = [];
  page.on("request", (request) => {
    if (request.url().startsWith(server.url)) asked.push(new URL(request.url()).pathname);
  });
  await page.reload();
  await expect(launcher(page)).toBeVisible();
  await page.evaluate(() => new Promise((done) => requestIdleCallback(done)));
  expect(asked).toEqual(["/widget.js"]);
  expect(await page.locator("iframe").count()).toBe(0);
  await expectAccessible(page);
  const shift = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) sum += (entry as unknown as { value: number }).value;
        }).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => done(sum));
      }),
  );
  expect(shift).toBe(0);
  await launcher(page).hover();
  await expect(page.locator("iframe")).toHaveCount(1); // made before it is asked for, unseen
  await expect(panel(page)).toBeHidden();
});

for (const [name, look] of Object.entries({ "a phone": phone, "a wide screen": undefined })) {
  test(`the first opening on ${name} takes what was budgeted for, in all`, async ({ visit, server }) => {
    const page = await visit(look);
    await page.context().addInitScript(noteShown, ".product-title");
    const thread = await opened(page);
    await expect(thread.field).toBeVisible();
    const framed = await thread.page.evaluate(askedUntilShown);
    const around = await page.evaluate(
      (chat) => performance.getEntriesByType("resource").map(({ name }) => name).filter((file) => file.startsWith(`${chat}/assets/`)),
      server.url,
    );
    const names = [...around, ...framed].map((file) => new URL(file).pathname.replace(/-[\w-]{8}\./, "."));
    expect(names.sort()).toEqual(
      ["embed.js", "first-en.js", "first.css", "first.js", "rolldown-runtime.js", "widget-panel.js"].map((file) => `/assets/${file}`),
    );
    expect(await kibOf([thread.page.url(), ...around, ...framed])).toBeLessThanOrEqual(budgetKib.first);

    await thread.say("Hello");
    await expect(thread.message("Hello")).toBeVisible();
  });
}

test("from the list of chats one comes back to the product of the page, also by closing and opening", async ({ visit }) => {
  const page = await visit();
  const thread = await opened(page);
  const chats = thread.page.getByRole("navigation", { name: "Chats" });
  await expect(thread.field).toBeVisible();
  await thread.page.getByRole("button", { name: "To my chats" }).click();
  await expect(chats.getByText("No conversations yet")).toBeVisible();
  await expectAccessible(page);
  await chats.getByRole("button", { name: "Back to the product" }).click();
  await expect(thread.field).toBeVisible();
  await expect(thread.page.locator(".product-title")).toContainText("Celadon mug");

  await thread.page.getByRole("button", { name: "To my chats" }).click();
  await expect(chats).toBeVisible();
  await launcher(page).or(page.getByRole("button", { name: "Close the chat" })).first().click();
  await expect(panel(page)).toBeHidden();
  await launcher(page).click();
  await expect(thread.field).toBeVisible();

  // The page has said who one is: nobody signs out of it in here.
  await thread.page.getByRole("button", { name: "Menu" }).click();
  await expect(thread.page.getByRole("menu")).toBeVisible();
  await expect(thread.page.getByRole("menuitem", { name: "Sign out" })).toHaveCount(0);
});

test("another product, another buyer, and the end, by the shop's own script", async ({ visit, shop }) => {
  const page = await visit();
  await haggle(page, "open");
  await expect(panel(page)).toBeVisible();
  const thread = await inFrame(page);
  const mug = thread.page.getByRole("link", { name: /^Celadon mug/ });
  await expect(mug).toBeVisible();
  await haggle(page, "setProduct", "1003");
  await expect(mug).toBeHidden();
  await expect(thread.field).toBeVisible();
  await thread.say("And this one?");
  await thread.expectStanding("And this one?", "sent");

  shop.buyer = "b";
  await page.evaluate(() => {
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    haggle("setToken", async () => (await fetch("/token")).text());
  });
  await expect(thread.page.getByText("And this one?")).toBeHidden(); // it was somebody else's
  await expect(thread.field).toBeVisible();

  await haggle(page, "destroy");
  await expect(launcher(page)).toHaveCount(0);
  await expect(page.locator("iframe")).toHaveCount(0);
  await haggle(page, "open"); // it is for the script that may be loaded again
  expect(await page.evaluate(() => (window as unknown as { haggle: { q: unknown[] } }).haggle.q.length)).toBe(1);
  expect(await wrong(page)).toEqual([]);
});

test("another product by the shop's script leaves the focus where the visitor is; opening puts it into the field", async ({
  visit,
}) => {
  const page = await visit();
  const thread = await opened(page);
  await expect(thread.field).toBeFocused();
  await page.keyboard.type("In blue");
  await expect(thread.field).toHaveValue("In blue");

  const link = page.getByRole("link", { name: "A link of the shop's" });
  await link.focus();
  await haggle(page, "setProduct", "1003");
  await expect(thread.page.getByRole("link", { name: /^Celadon mug/ })).toBeHidden();
  await expect(thread.field).toBeVisible();
  await thread.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(link).toBeFocused();

  await thread.field.focus();
  await haggle(page, "setProduct", "1001");
  await expect(thread.page.getByRole("link", { name: /^Celadon mug/ })).toBeVisible();
  await expect(thread.field).toBeFocused(); // who writes goes on writing
  await page.getByRole("button", { name: "Close the chat" }).click();
  await launcher(page).click();
  await expect(thread.field).toBeFocused();
  await page.keyboard.type("!");
  await expect(thread.field).toHaveValue("In blue!");
});

test("what was unread for one buyer is nothing to the next, nor to nobody", async ({ visit, shop, person }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Is it for sale?");
  await thread.expectStanding("Is it for sale?", "sent");
  await page.keyboard.press("Escape");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("It is, for you");
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller, 1 new message");
  shop.buyer = undefined;
  await haggle(page, "setToken", null);
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller");
  await expect(page.getByText("It is, for you")).toHaveCount(0);
});

test("each opening begins at what is new, and says where that is", async ({ visit, person }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Tell me all about it");
  await thread.expectStanding("Tell me all about it", "sent");
  await page.keyboard.press("Escape");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  for (let i = 1; i <= 25; i++) {
    await seller.say(`Part ${i}`);
    await seller.expectStanding(`Part ${i}`, "delivered");
  }
  const divider = thread.page.getByText("New messages", { exact: true });
  await launcher(page).click();
  await expect(divider).toBeInViewport();
  await expect(thread.message("Part 1")).toBeInViewport();
  await thread.page.locator(".thread-pill").click();
  await seller.expectStanding("Part 25", "read");
  await thread.field.focus();
  await page.keyboard.press("Escape");
  await seller.say("Part 26");
  await seller.expectStanding("Part 26", "delivered");
  await launcher(page).click();
  await expect(thread.message("Part 26")).toBeInViewport();
  await expect(divider).toBeInViewport();
});

test("a page that has the queue ready and calls only later has its button", async ({ visit, shop }) => {
  const page = await visit();
  await page.route(`${shop.url}/shop.js`, (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: "window.haggle = window.haggle || function () { (haggle.q = haggle.q || []).push(arguments); };",
    }),
  );
  await page.reload();
  await expect(launcher(page)).toBeVisible();
  await haggle(page, "open");
  await expect(panel(page)).toBeVisible();
});

test("a page that is given another body keeps its button, and the chat works from there", async ({ visit }) => {
  const page = await visit(phone);
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  const anotherBody = () =>
    page.evaluate(() => {
      const next = document.createElement("body");
      const heading = document.createElement("h1");
      heading.textContent = "The next page";
      next.append(heading);
      document.body.replaceWith(next);
    });
  const thread = await opened(page);
  await thread.say("About the mug");
  await thread.expectStanding("About the mug", "sent");
  await haggle(page, "close");

  await anotherBody();
  await expect(launcher(page)).toHaveCount(0);
  await haggle(page, "setProduct", "1003");
  await expect(launcher(page)).toBeVisible();
  const next = await opened(page);
  await expect(next.field).toBeVisible();
  await next.say("And this one?");
  await next.expectStanding("And this one?", "sent");
  await haggle(page, "close");

  // Opened by the page itself, what is locked is what the chat covers.
  await anotherBody();
  await haggle(page, "open");
  await expect((await inFrame(page)).field).toBeVisible();
  await haggle(page, "close");
  await expect(page.locator("body")).not.toHaveCSS("position", "fixed");

  // A script tag in the body is run again.
  await anotherBody();
  await page.evaluate((src) => {
    const script = Object.assign(document.createElement("script"), { src });
    script.dataset["product"] = "1001";
    document.body.append(script);
  }, await page.evaluate(() => document.querySelector<HTMLScriptElement>("script[data-product]")?.src ?? ""));
  const last = await opened(page);
  await expect(last.message("About the mug")).toBeVisible();

  await haggle(page, "destroy");
  await anotherBody();
  await haggle(page, "setProduct", "1001");
  await expect(page.locator("iframe")).toHaveCount(0);
  expect(await wrong(page)).toEqual([]);
  expect(errors).toEqual([]);
});

test("opened and closed before it is loaded, it stays closed", async ({ visit }) => {
  const page = await visit();
  await page.evaluate(() => {
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    haggle("open");
    haggle("close");
  });
  await expect(page.locator("iframe")).toHaveCount(1);
  await expect(panel(page)).toBeHidden();
});

test("closed by the shop's script it leaves the focus where the visitor is", async ({ visit }) => {
  const page = await visit();
  const thread = await opened(page);
  await expect(thread.field).toBeFocused();
  const link = page.getByRole("link", { name: "A link of the shop's" });
  await link.focus();
  await haggle(page, "close");
  await expect(panel(page)).toBeHidden();
  await expect(link).toBeFocused();
});

test("a token is asked for anew before it ends, and the talk goes on", async ({ visit, shop }) => {
  shop.tokenLasts = 63; // it is renewed a minute before its end
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Before");
  await thread.expectStanding("Before", "sent");
  await expect.poll(async () => (await said(page)).filter((word) => word === "token asked").length).toBeGreaterThan(1);
  await thread.say("After");
  await thread.expectStanding("After", "sent");
  await expect(thread.message("Before")).toBeVisible();
  const kept = await page.evaluate(() => [location.href, document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]);
  expect(kept.join()).not.toContain("eyJ");
  expect(thread.page.url()).not.toContain("eyJ");
  expect(await wrong(page)).toEqual([]);
});

test("a peek can be put away, and the count stays", async ({ visit, person }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Do you ship abroad?");
  await thread.expectStanding("Do you ship abroad?", "sent");
  await page.getByRole("button", { name: "Close the chat" }).click();
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.say("We do.");
  const peek = page.getByRole("button", { name: /We do\./ });
  await expect(peek).toBeVisible();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(peek).toBeHidden();
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller, 1 new message");
});

test("what came while the buyer was between two pages shows on the next one, once", async ({ visit, shop, person }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Is it heavy?");
  await thread.expectStanding("Is it heavy?", "sent");
  await page.getByRole("button", { name: "Close the chat" }).click();
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await page.goto("about:blank");
  await seller.say("Just 300 g.");
  await seller.expectStanding("Just 300 g.", "sent");
  await page.goto(shop.url);
  const peek = page.getByRole("button", { name: /Kiln & Cloud.*Just 300 g\./ });
  await expect(peek).toBeVisible();
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller, 1 new message");
  await page.addInitScript(() => {
    const told: string[] = [];
    addEventListener("message", ({ data }) => told.push(JSON.stringify(data)));
    Object.assign(globalThis, { told });
  });
  await page.goto(`${shop.url}/another`);
  await expect(launcher(page)).toHaveAccessibleName("Chat with the seller, 1 new message");
  await seller.say("With its saucer 420 g.");
  await expect(page.getByRole("button", { name: /With its saucer 420 g\./ })).toBeVisible();
  const told = await page.evaluate(() => (globalThis as unknown as { told: string[] }).told.join());
  expect(told).toContain("With its saucer 420 g.");
  expect(told, "it was shown on the page before").not.toContain("Just 300 g.");
});

test("a chat that does not come says so in time; the page goes on, and another try may do", async ({ visit }) => {
  const page = await visit();
  const held: (() => Promise<void>)[] = []; // not answered
  await page.route(/\/chat\?/, (route) => void held.push(() => route.continue()));
  await launcher(page).click();
  await expect(page.getByRole("status").filter({ hasText: "Opening the chat" })).toBeVisible();
  await page.getByRole("link", { name: "A link of the shop's" }).click(); // nothing waits for the chat
  await expect(page).toHaveURL(/#more$/);
  await expect(page.getByText("The chat cannot be reached just now.")).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole("link", { name: "Open in a new tab" })).toHaveAttribute("href", /\/chat\?product=1001/);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Try again" }).focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => held.length).toBe(2);
  await page.keyboard.press("Escape"); // is heard: the focus has not gone with the button
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();
  await launcher(page).click();
  await held[1]?.();
  await expect((await inFrame(page)).field).toBeVisible();
  expect(await wrong(page)).toEqual([]);
});

test("where even what opens does not come, the button says so in time", async ({ visit }) => {
  const page = await visit();
  let holds = true;
  await page.route(/widget-panel/, (route) => (holds ? undefined : route.continue())); // never answered
  await launcher(page).click();
  await expect(launcher(page)).toHaveAttribute("aria-busy", "true");
  await expect(page.getByRole("alert")).toHaveText("The chat cannot be reached just now.", { timeout: 20_000 });
  await expect(launcher(page)).not.toHaveAttribute("aria-busy");

  holds = false;
  await page.reload();
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
});

test("a loader that never answers leaves the page usable", async ({ visit }) => {
  const page = await visit();
  await page.route(/widget\.js/, () => undefined); // never answered
  await page.reload({ waitUntil: "domcontentloaded" });
  await page.getByRole("link", { name: "A link of the shop's" }).click();
  await expect(page).toHaveURL(/#more$/);
  await haggle(page, "open"); // waits in the queue
  // What docs/widget.md says that the plain tag costs.
  expect(await page.evaluate(() => document.readyState)).toBe("interactive");
  expect(await wrong(page)).toEqual([]);
});

for (const answers of [true, false]) {
  test(`put there after the load event, a loader that ${answers ? "comes draws the button" : "never answers holds back nothing"}`, async ({ shop, server, person }) => {
    shop.uses(server);
    shop.tagged = false;
    const page = await (await person()).context.newPage();
    await page.addInitScript((src) => {
      if (top !== window) return;
      addEventListener("load", () => {
        const script = document.createElement("script");
        script.src = src;
        script.dataset["product"] = "1003";
        document.head.append(script);
      });
    }, `${server.url}/widget.js`);
    if (!answers) await page.route(/widget\.js/, () => undefined);
    const asked = page.waitForRequest(/widget\.js/);
    await page.goto(shop.url); // until the load event
    await asked;
    if (!answers) return;
    const thread = await opened(page);
    await expect(thread.field).toBeVisible();
    expect(new URL(thread.page.url()).searchParams.get("product")).toBe("1003");
    expect(await wrong(page)).toEqual([]);
  });
}

test("who is not signed in can say so to the shop", async ({ visit, shop }) => {
  shop.buyer = undefined;
  const page = await visit();
  const { page: frame } = await opened(page);
  await frame.getByRole("button", { name: "Sign in" }).click();
  await expect.poll(() => said(page)).toContain("signin");
  shop.buyer = "a";
  await page.evaluate(() => {
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    haggle("setToken", async () => (await fetch("/token")).text());
  });
  await expect(new Thread(frame).field).toBeVisible();
});

test("a buyer whom the chat has signed out is in again with a fresh token", async ({ visit }) => {
  const page = await visit();
  await page.evaluate(async () => {
    const token = await (await fetch("/token")).text();
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    const [head, body] = token.split(".");
    haggle("setToken", `${head}.${body}.${"A".repeat(43)}`); // the same buyer's, and not the shop's
  });
  const { page: frame } = await opened(page);
  const out = frame.getByText("You are not signed in");
  await expect(out).toBeVisible();
  let loads = 0;
  page.on("framenavigated", (at) => at.url().startsWith(new URL(frame.url()).origin) && loads++);
  await page.evaluate(async () => {
    const { haggle } = window as unknown as { haggle(...a: unknown[]): void };
    haggle("setToken", await (await fetch("/token")).text());
  });
  const thread = new Thread(frame);
  await expect(thread.field).toBeVisible();
  await thread.say("It is me");
  await thread.expectStanding("It is me", "sent");
  expect(loads).toBe(1);
});

test("Esc closes it, in the chat as around it", async ({ visit }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.field.focus();
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  await expect(launcher(page)).toBeFocused();

  // What is open in the chat is what it closes first.
  await launcher(page).click();
  await thread.say("Hello");
  await thread.expectStanding("Hello", "sent");
  await thread.page.getByRole("button", { name: "Menu" }).click();
  await thread.page.getByRole("menuitem", { name: "Report" }).click();
  await expect(thread.page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(thread.page.getByRole("dialog")).toHaveCount(0);
  await expect(panel(page)).toBeVisible();
});

test("a shop's page is unharmed while the chat's server is down", async ({ visit, server, person, shop }) => {
  const page = await visit();
  await expect(launcher(page)).toBeVisible();
  await server.kill();
  await launcher(page).click();
  await expect(page.getByRole("alert")).toHaveText("The chat cannot be reached just now.");
  expect(await wrong(page)).toEqual([]);
  // And where not even the loader comes, there is no button, and nothing else is missing.
  const other = await (await person()).context.newPage();
  await other.goto(shop.url);
  await expect(other.getByRole("heading", { name: "A shop's own page" })).toBeVisible();
  await expect(launcher(other)).toHaveCount(0);
  await haggle(other, "open"); // the shop's script goes on as if it were there
});
