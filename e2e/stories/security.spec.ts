import { expect, phone, test } from "../harness.ts";
import { answerTo, pick, picture, Record, Thread } from "../talk.ts";

test("text with HTML in it is text, and only web addresses become links", async ({ person }) => {
  const nasty = [
    `<img src=x onerror="document.title='owned'">`,
    "<script>document.title='owned'</script>",
    "javascript:alert(1) data:text/html,x",
    `https://good.example/a?b="><b>c`,
  ];
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  for (const text of nasty) await buyer.say(text);
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  for (const thread of [buyer, seller]) {
    await expect(thread.messages).toHaveCount(nasty.length);
    expect(await thread.texts()).toEqual(nasty);
    await expect(thread.log.locator(".rich-text :is(img, script, b)")).toHaveCount(0);
    const links = await thread.log.locator(".rich-text a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    expect(links).toHaveLength(1);
    expect(links[0]).toMatch(/^https:\/\/good\.example\//);
    await expect(thread.log.locator(".rich-text a")).toHaveAttribute("rel", /noopener/);
    await expect(thread.page).not.toHaveTitle(/owned/);
  }
});

test("what only pretends to be a picture is refused with words", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  const drawn = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`);
  const page = Buffer.from("<!doctype html><script>alert(1)</script>");
  const tray = buyer.page.getByRole("list", { name: "Pictures to send" });
  for (const [i, file] of [
    { name: "drawing.svg", mimeType: "image/svg+xml", buffer: drawn },
    { name: "page.png", mimeType: "image/png", buffer: page },
  ].entries()) {
    await pick(buyer.page, file);
    await expect(tray.getByRole("alert").nth(i)).toHaveText(/can be sent/);
  }
  await expect(buyer.send).toHaveAttribute("aria-disabled", "true");
});

test("the server looks itself at what is uploaded", async ({ person }) => {
  const lin = await person();
  await lin.chatAbout(1001);
  const record = await Record.of(lin, "buyer");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"/>`;
  for (const [key, body, type] of [
    ["e2e-svg", svg, "image/svg+xml"],
    ["e2e-svg-as-png", svg, "image/png"],
    ["e2e-html-as-gif", "<!doctype html><script>1</script>", "image/gif"],
    ["e2e-broken", picture("x.png").buffer.subarray(0, 60), "image/png"],
  ] as const) {
    const { status, code } = await record.upload(key, body, type);
    expect([415, 422, 400], `${key}: ${status} ${code}`).toContain(status);
    expect(code, key).toMatch(/image|media_type/);
  }
});

test("a picture's address works for who was given it, and only as given", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await pick(buyer.page, picture("secret.png"));
  await buyer.say("Look");
  await buyer.expectStanding("Look", "sent");
  const record = await Record.of(lin, "buyer");
  const [message] = await record.messages();
  const id = message?.blocks[0]?.image?.file ?? "";
  const { url } = await record.fileUrl(id);
  const fetched = await fetch(new URL(url, lin.url));
  expect(fetched.status).toBe(200);
  expect(fetched.headers.get("x-content-type-options")).toBe("nosniff");
  expect(fetched.headers.get("content-security-policy")).toContain("sandbox");

  const bare = new URL(url, lin.url);
  bare.search = "";
  const forged = new URL(url, lin.url);
  forged.searchParams.set("s", `${forged.searchParams.get("s")?.split("").reverse().join("")}`);
  const longer = new URL(url, lin.url);
  longer.searchParams.set("e", `${Number(longer.searchParams.get("e")) + 1_000_000}`);
  for (const wrong of [bare, forged, longer]) {
    const answer = await fetch(wrong);
    expect(answer.status, wrong.search).toBeGreaterThanOrEqual(400);
    expect(answer.headers.get("content-type")).not.toMatch(/^image/);
  }
  const rival = await person();
  await rival.console("E_2/nora");
  const nosy = await Record.of(rival, "merchant");
  expect((await nosy.fileUrls([id])).files).toEqual({});
});

test("another site gets neither a token nor a socket with the visitor's cookies", async ({ person }) => {
  const lin = await person();
  await lin.chatAbout(1001);
  for (const origin of ["https://evil.example", "null", undefined]) {
    const answer = await lin.context.request.post(`${lin.url}/v1/token`, {
      data: { side: "buyer" },
      ...(origin !== undefined && { headers: { Origin: origin } }),
    });
    expect(answer.status(), `${origin}`).toBe(403);
    expect(await answer.text()).not.toContain("eyJ");
  }
  // A real page of another site, in the same browser: an address of this machine that is not the shop's.
  const elsewhere = await lin.context.newPage();
  await elsewhere.route("http://evil.localhost/**", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>evil</title>" }),
  );
  await elsewhere.goto("http://evil.localhost/");
  const opened = await elsewhere.evaluate(
    (url) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, "haggle.v1");
        socket.onopen = () => resolve("opened");
        socket.onerror = () => resolve("refused");
      }),
    `${lin.url.replace("http", "ws")}/v1/ws`,
  );
  expect(opened).toBe("refused");
});

test("the pages allow no script but their own, and no foreign frame around them", async ({ person }) => {
  const lin = await person();
  const noScript = ["/docs", "/chat/plain"];
  // The demo's own pages have the widget on them, which frames the chat.
  const framed = ["/chat", "/chat/plain"];
  const own = [lin.url, lin.url.replace("127.0.0.1", "localhost")].join(" ");
  for (const path of ["/chat", "/chat/plain", "/console", "/signed-out", "/docs"]) {
    const answer = await lin.context.request.get(lin.url + path);
    const policy = answer.headers()["content-security-policy"] ?? "";
    expect(policy, path).toContain("default-src 'none'");
    expect(policy, path).toContain(`script-src ${noScript.includes(path) ? "'none'" : "'self'"};`);
    expect(policy, path).not.toContain("unsafe-");
    const ancestors = policy.split("; ").find((part) => part.startsWith("frame-ancestors "));
    expect(ancestors, path).toBe(`frame-ancestors ${framed.includes(path) ? own : "'none'"}`);
    expect(answer.headers()["x-content-type-options"], path).toBe("nosniff");
  }
});
