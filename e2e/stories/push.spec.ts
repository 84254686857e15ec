import { connect } from "node:net";
import { expect } from "../harness.ts";
import type { HostShop } from "../host-shop.ts";
import { freePort } from "../server.ts";
import { opened, said, test, wrong } from "../visit.ts";

const apiKey = "stories-and-nothing-but-stories-0001";
const inner = `127.0.0.1:${await freePort()}`;

test.use({
  flags: async ({ shop }, use) =>
    use([
      ...["--frame-ancestors", shop.url, "--api-key", apiKey],
      ...["--compat", "--compat-gateway", `127.0.0.1:${await freePort()}`, "--compat-gateway-inner", inner],
    ]),
});

/** What PHP's Gateway::sendToUid writes: a connection, one packet, and no answer. */
async function sendToUid(uid: string, text: string): Promise<void> {
  const uids = Buffer.from(JSON.stringify([uid]));
  const body = Buffer.from(text);
  const head = Buffer.alloc(28);
  head.writeUInt32BE(28 + uids.length + body.length);
  head[4] = 14;
  head[21] = 1;
  head.writeUInt32BE(uids.length, 24);
  await new Promise<void>((done, failed) => {
    const socket = connect(Number(inner.split(":")[1]), "127.0.0.1", () => socket.end(Buffer.concat([head, uids, body])));
    socket.resume().once("error", failed).once("close", () => done());
  });
}

/** Whom the shop has signed in. */
async function signedIn(shop: HostShop): Promise<string> {
  const [, claims] = (await (await fetch(`${shop.url}/token`)).text()).split(".");
  return (JSON.parse(Buffer.from(claims ?? "", "base64url").toString()) as { sub: string }).sub;
}

test("the shop's page hears what its backend and its PHP push to the buyer", async ({ visit, shop, server }) => {
  const page = await visit();
  const thread = await opened(page);
  await thread.say("Has it been sent?");
  await thread.expectStanding("Has it been sent?", "sent"); // so there is a session by now
  const uid = await signedIn(shop);
  // What is pushed before the page listens is not kept for it.
  await expect(async () => {
    const answer = await fetch(`${server.url}/v1/server/participants/${uid}/push`, {
      method: "POST",
      headers: { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" },
      body: JSON.stringify({ payload: { order: "A-17" } }),
    });
    expect(answer.ok).toBe(true);
    await expect.poll(() => said(page), { timeout: 1_000 }).toContain('push {"order":"A-17"}');
  }).toPass();
  await sendToUid("somebody else", "not for you");
  await sendToUid(uid, "your parcel is on its way");
  await sendToUid(uid, '{"order":"A-18"}');
  await expect
    .poll(async () => [...new Set((await said(page)).filter((line) => line.startsWith("push")))])
    .toEqual(['push {"order":"A-17"}', 'push "your parcel is on its way"', 'push {"order":"A-18"}']);
  await expect(thread.message("your parcel is on its way")).toHaveCount(0); // it is the page's, and none of the talk
  expect(await wrong(page)).toEqual([]);
});
