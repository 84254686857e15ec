import { writeFile } from "node:fs/promises";
import { expect } from "../harness.ts";
import { answerTo, picture } from "../talk.ts";
import { type App, type AppThread, loadClient, StandInPhone } from "../uni-standin.ts";
import { test } from "../visit.ts";

const texts = (thread: AppThread): (string | undefined)[] => thread.messages.map(({ blocks: [block] }) => block?.text);

/** The app of the shop's, on a phone, with the buyer whom the shop has signed in. */
async function app(url: string, shop: string, phone = new StandInPhone()): Promise<App> {
  const token = async () => await (await fetch(`${shop}/token`)).text();
  const [, claims] = (await token()).split(".");
  const { sub } = JSON.parse(Buffer.from(claims ?? "", "base64url").toString()) as { sub: string };
  const client = (await loadClient(url, phone))({ url, user: sub, token });
  client.start();
  await expect.poll(() => client.state).toBe("online");
  return client;
}

test("a buyer in an app without a browser asks, with a picture; the seller answers", async ({ shop, server, person }, info) => {
  shop.uses(server);
  const phone = new StandInPhone();
  const client = await app(server.url, shop.url, phone);
  const { thread } = await client.about("1001");
  const path = info.outputPath("cup.png");
  await writeFile(path, picture("cup.png", 64, 48).buffer);
  thread.send("Is it dishwasher-safe? 能进洗碗机吗");
  thread.send([{ type: "text", text: "this one" }, { type: "image", path }]);
  await expect.poll(() => texts(thread)).toEqual(["Is it dishwasher-safe? 能进洗碗机吗", "this one"]);
  expect([thread.waiting, phone.storage.size]).toEqual([[], 0]);

  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect(seller.message("this one").getByRole("img").first()).toBeVisible();
  await seller.say("Yes, up to 60 °C.");
  await seller.expectStanding("Yes, up to 60 °C.", "delivered");
  await expect.poll(() => texts(thread)[2]).toBe("Yes, up to 60 °C.");
  thread.read();
  await seller.expectStanding("Yes, up to 60 °C.", "read");
  thread.typing();
  await expect(seller.page.getByText(/typing/).first()).toBeVisible();

  const image = thread.messages[1]?.blocks[1]?.image;
  const files = await client.files([image?.file ?? ""]);
  const shown = await fetch(files[image?.file ?? ""]?.url ?? "");
  expect([image?.width, shown.headers.get("content-type")]).toEqual([64, "image/png"]);
  await thread.recall(1);
  await expect(seller.message("Is it dishwasher-safe? 能进洗碗机吗")).toHaveCount(0);
  const refused = await client.request("GET", "/v1/conversations/none").catch((failure: { code: string }) => failure.code);
  expect(refused).toBe("not_found");
  client.stop();
});

test("what a buyer in an app writes without a network is sent once, after the app was ended and the server died", async ({ shop, server, person }) => {
  shop.uses(server);
  const phone = new StandInPhone();
  const client = await app(server.url, shop.url, phone);
  const { thread } = await client.about("1001");
  phone.network(false);
  await expect.poll(() => client.state).toBe("offline");
  thread.send("from the lift");
  thread.send("and again");
  client.stop();
  await server.kill();
  await server.start();
  phone.network(true);
  const again = await app(server.url, shop.url, phone);
  const { thread: same } = await again.about("1001");
  await expect.poll(() => texts(same)).toEqual(["from the lift", "and again"]);
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await server.kill();
  await seller.say("Said while nobody heard");
  await server.start();
  await expect.poll(() => texts(same), { timeout: 40_000 }).toEqual(["from the lift", "and again", "Said while nobody heard"]);
  expect(await seller.texts()).toEqual(["from the lift", "and again", "Said while nobody heard"]);
  again.stop();
});
