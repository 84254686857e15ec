import { expect, test } from "../harness.ts";
import { answeredAtOnce, told } from "../replies.ts";

test("a buyer is told how soon a shop that is away replies, and that it is here when it is", async ({ server, person }) => {
  const [lin, ines] = [await person(), await person()];
  const page = await answeredAtOnce(lin, ines);
  await expect(page.locator(".chat-state")).toHaveText("Offline");
  await server.kill(); // it knew of no question when it was asked, and keeps to that for a while
  await server.start();
  await told(page, /^Usually replies in 5 minutes$/);
  const console = await ines.console("V_2/ines");
  await expect(page.locator(".chat-state")).toHaveText("Online");
  await console.close();
  await expect(page.locator(".chat-state")).toHaveText("Usually replies in 5 minutes");
});
