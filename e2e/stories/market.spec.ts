import { desktop, expect, expectAccessible, inChinese, inDark, phone, test } from "../harness.ts";

test("a visitor finds twelve products, in their own language", async ({ person }) => {
  const visitor = await person({ ...desktop, ...inChinese });
  const home = await visitor.open("/");
  await expect(home.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(home.locator(".grid .card")).toHaveCount(12);
  await home.getByRole("link", { name: "青瓷马克杯" }).click();
  await expect(home.getByRole("heading", { level: 1, name: "青瓷马克杯" })).toBeVisible();
  await home.getByRole("link", { name: "English" }).click();
  await expect(home.getByRole("heading", { level: 1, name: "Celadon mug" })).toBeVisible();
});

test("a visitor stays the buyer they chose to be", async ({ person }) => {
  const visitor = await person(phone);
  const page = await visitor.open("/p/1003");
  await page.getByRole("button", { name: "Sam Park" }).click();
  await expect(page).toHaveURL(/\/p\/1003$/);
  await expect(page.getByRole("button", { name: "Sam Park" })).toHaveAttribute("aria-pressed", "true");
});

for (const [name, look] of Object.entries({ desktop, phone, dark: { ...desktop, ...inDark } })) {
  test(`the marketplace can be used by everybody: ${name}`, async ({ person }) => {
    const visitor = await person(look);
    await expectAccessible(await visitor.open("/"));
    await expectAccessible(await visitor.open("/p/1002"));
    await expectAccessible(await visitor.open("/p/nothing"));
    await expectAccessible(await visitor.open("/signed-out"));
  });
}

test("the server stops in time and comes back on the same data", async ({ server }) => {
  expect(await server.stop()).toBe(0);
  await server.start();
  expect((await fetch(`${server.url}/p/1001`)).status).toBe(200);
});
