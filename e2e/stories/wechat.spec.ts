import { type ContextOptions, expect, phone, test } from "../harness.ts";
import { answerTo, picture, Thread } from "../talk.ts";

/** A phone on which the page is inside WeChat. */
const inWeChat: ContextOptions = {
  ...phone,
  userAgent:
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 " +
    "Mobile Safari/537.36 MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN",
};

test.use({ flags: ["--wechat-standin"] });

test("inside WeChat pictures are chosen, and uploaded, in WeChat's own way", async ({ person }, info) => {
  const lin = await person(inWeChat);
  const page = await lin.chatAbout(1003);
  const buyer = new Thread(page);
  await page.waitForFunction(() => "standin" in window && "config" in (window.standin as object));
  const uploads: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") uploads.push(new URL(request.url()).pathname);
  });
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add pictures" }).click();
  await (await choosing).setFiles([picture("one.png", 120, 90), picture("two.png", 90, 120)]);
  const tray = page.getByRole("list", { name: "Pictures to send" });
  await expect(tray.getByRole("img")).toHaveCount(2);
  await page.screenshot({ path: info.outputPath("tray.png") });
  await buyer.say("These two");
  await buyer.expectStanding("These two", "sent");
  expect(uploads).toHaveLength(2);
  for (const path of uploads) expect(path).toMatch(/^\/v1\/wechat\/files\//);
  const asked = await page.evaluate(() => (window as unknown as { standin: { asked: object } }).standin.asked);
  expect(asked).toMatchObject({
    count: 9,
    sizeType: ["original", "compressed"],
    sourceType: ["album", "camera"],
  });

  const seller = await answerTo(await (await person()).console("V_1/mei"), "Lin Xia");
  await expect(seller.log.locator(".picture.loaded")).toHaveCount(2);
});

test("without WeChat's script there is the device's own chooser", async ({ person }) => {
  const lin = await person(inWeChat);
  await lin.context.route("**/standin/jweixin.js", (route) => route.abort());
  const page = await lin.chatAbout(1003);
  const uploads: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") uploads.push(new URL(request.url()).pathname);
  });
  const choosing = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Add pictures" }).click();
  await (await choosing).setFiles([picture("one.png", 120, 90)]);
  const buyer = new Thread(page);
  await buyer.say("By itself");
  await buyer.expectStanding("By itself", "sent");
  expect(uploads).toHaveLength(1);
  expect(uploads[0]).toMatch(/^\/v1\/files\//);
});

test("outside of WeChat its script is not loaded", async ({ person }) => {
  const lin = await person(phone);
  const scripts: string[] = [];
  lin.context.on("request", (request) => {
    if (request.url().includes("jweixin")) scripts.push(request.url());
  });
  const buyer = new Thread(await lin.chatAbout(1003));
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  expect(scripts).toEqual([]);
});
