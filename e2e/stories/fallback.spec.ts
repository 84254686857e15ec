import { expect, type Page, phone, Server, test } from "../harness.ts";
import { Network, type Upgrades } from "../network.ts";
import { answerTo, Record, Thread } from "../talk.ts";

/** A server behind a proxy, which everybody's browser has to pass. */
const story = test.extend<{ upgrades: Upgrades; network: Network }>({
  upgrades: ["refused", { option: true }],

  network: async ({ upgrades }, use) => {
    const network = await Network.start(upgrades);
    await use(network);
    await network.stop();
  },

  server: async ({ network, flags }, use) => {
    const server = await Server.start("--rate-factor", "100", "--base-url", network.url, ...flags);
    network.target = server.port;
    await use(server);
    await server.dispose();
    expect(server.log, "the server panicked").not.toContain("panic");
    expect(server.log, "the server wrote a token into its log").not.toContain("eyJ");
  },
});

const offline = (page: Page) => page.locator(".connection-bar").getByText("Offline");

story(
  "where WebSocket is blocked, both talk all the same, and change over when it no longer is",
  async ({ person, network, server }) => {
    story.slow();
    const lin = await person(phone);
    const buyer = new Thread(await lin.chatAbout(1001));
    await buyer.say("Can you hear me?");
    await buyer.expectStanding("Can you hear me?", "sent");
    expect(network.streams).toBe(1);

    const yun = await person();
    const seller = await answerTo(await yun.console("E_1/yun"), "Lin Xia");
    await expect(seller.message("Can you hear me?")).toBeVisible();
    await buyer.expectStanding("Can you hear me?", "read");
    await seller.say("Loud and clear");
    await expect(buyer.message("Loud and clear")).toBeVisible();
    await seller.expectStanding("Loud and clear", "read");
    await buyer.field.pressSequentially("hm");
    await expect(seller.page.locator(".c-status-typing")).toBeVisible();
    await buyer.field.fill("");

    const want = ["Can you hear me?", "Loud and clear"];
    const exchange = async (from: number, to: number) => {
      for (let i = from; i <= to; i++) {
        await Promise.all([buyer.say(`buyer ${i}`), seller.say(`seller ${i}`)]);
        want.push(`buyer ${i}`, `seller ${i}`);
      }
    };

    // The power goes in the middle of it.
    await Promise.all([exchange(1, 10), server.kill().then(() => server.start())]);
    for (const { page, messages } of [buyer, seller]) {
      await expect(messages).toHaveCount(want.length, { timeout: 45_000 });
      await expect(offline(page)).toBeHidden({ timeout: 45_000 });
    }

    // And one day the network is mended: everybody is back on a WebSocket by themselves, in mid-sentence.
    expect([network.streams, network.sockets]).toEqual([2, 0]);
    network.upgrades = "allowed";
    let i = 11;
    await expect(async () => {
      await exchange(i, i);
      i++;
      expect([network.streams, network.sockets]).toEqual([0, 2]);
    }).toPass({ timeout: 100_000, intervals: [10_000] });
    await exchange(i, i + 3);
    for (const { messages, log, page } of [buyer, seller]) {
      await expect(messages).toHaveCount(want.length, { timeout: 30_000 });
      await expect(log.locator(".tick-queued, .tick-sending, .tick-failed")).toHaveCount(0);
      await expect(offline(page)).toBeHidden();
    }
    const stored = await (await Record.of(lin, "buyer")).texts();
    expect([...stored].sort()).toEqual([...want].sort());
    expect(await buyer.texts()).toEqual(stored);
    expect(await seller.texts()).toEqual(stored);
  },
);

story.describe("where a WebSocket opens and brings nothing", () => {
  story.use({ upgrades: "swallowed" });

  story("patience ends, and the message arrives", async ({ person, network }) => {
    const buyer = new Thread(await (await person(phone)).chatAbout(1001));
    await buyer.say("Anybody?");
    await expect.poll(() => network.streams, { timeout: 40_000 }).toBe(1);
    await buyer.expectStanding("Anybody?", "sent");
    await buyer.page.reload(); // and this tab is not that patient again
    await buyer.say("Still there?");
    await expect(buyer.message("Still there?")).toHaveAccessibleName(/, sent$/, { timeout: 8_000 });
  });
});

story.describe("where nothing is blocked", () => {
  story.use({ upgrades: "allowed" });

  story(
    "a server that restarts, or a device without network, makes nobody change over",
    async ({ person, network, server }) => {
      const lin = await person(phone);
      const buyer = new Thread(await lin.chatAbout(1001));
      await buyer.say("One");
      await buyer.expectStanding("One", "sent");
      await server.kill();
      await expect(offline(buyer.page)).toBeVisible();
      await buyer.page.waitForTimeout(3_000); // so that it tries, in vain
      await server.start();
      await buyer.say("Two");
      await buyer.expectStanding("Two", "sent");
      await lin.offline(true);
      await expect(offline(buyer.page)).toBeVisible();
      await buyer.page.waitForTimeout(3_000);
      await lin.offline(false);
      await buyer.say("Three");
      await buyer.expectStanding("Three", "sent");
      expect(network.asked).toBe(0);
    },
  );
});
