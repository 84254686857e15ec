import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server as HTTPServer, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Server } from "../server.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const jquery = createRequire(import.meta.url).resolve("jquery/dist/jquery.js");

/**
 * A stand-in for a shop with a PHP chat, as far as a browser sees it: its old pages, its session as the cookie
 * haggle_token, and its web server, which passes /push/push/ on to Haggle.
 */
export class PHPShop {
  readonly #http: HTTPServer;
  readonly #haggle: Server;
  #secret = "";
  #apiKey = "";

  private constructor(haggle: Server) {
    this.#haggle = haggle;
    this.#http = createServer((incoming, answer) => {
      this.#serve(incoming, answer).catch((error: unknown) => {
        answer.writeHead(500).end(String(error));
      });
    });
  }

  /** Opens the shop on a port that was free, so that Haggle can be told its origin before it starts. */
  static async open(haggle: Server, port: number): Promise<PHPShop> {
    const shop = new PHPShop(haggle);
    shop.#secret = (await readFile(join(haggle.data, "token-secret"), "utf8")).trim();
    shop.#apiKey = (await readFile(join(haggle.data, "api-key"), "utf8")).trim();
    await new Promise<void>((resolve) => shop.#http.listen(port, "127.0.0.1", resolve));
    return shop;
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** The token that the shop signs for somebody, as sdk/php does. */
  token(uid: string): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const head = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: uid, aud: "haggle", iat: now, exp: now + 3600 })}`;
    return `${head}.${createHmac("sha256", this.#secret).update(head).digest("base64url")}`;
  }

  async #serve(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://shop");
    if (/^\/(index\.php\/)?push\/push\//i.test(url.pathname)) {
      this.#pass(incoming, answer);
      return;
    }
    switch (url.pathname) {
      case "/sign-in": // the shop's session
        answer
          .writeHead(303, {
            "Set-Cookie": `haggle_token=${this.token(url.searchParams.get("uid") ?? "")}; HttpOnly; SameSite=Lax; Path=/`,
            Location: url.searchParams.get("to") ?? "/",
          })
          .end();
        return;
      case "/old/chat":
        await this.#page(answer, "buyer.html", {
          toMid: url.searchParams.get("toMid") ?? "",
          pid: url.searchParams.get("pid") ?? "",
          haggle: this.#haggle.url, // which stands in for WeChat, if it was told to
          history: await this.#history(incoming, `pid=${url.searchParams.get("pid")}`),
        });
        return;
      case "/old/service": {
        const codes = await this.#codes(url.searchParams.get("merchant") ?? "", url.searchParams.get("buyer") ?? "");
        await this.#page(answer, "seller.html", {
          ...codes,
          history: await this.#history(incoming, `toUserCode=${codes.toUserCode}`),
        });
        return;
      }
      case "/php-shop/jquery.js":
        answer.writeHead(200, { "Content-Type": "text/javascript" }).end(await readFile(jquery));
        return;
    }
    const file = /^\/php-shop\/([a-z]+\.(js|css))$/.exec(url.pathname)?.[1];
    if (file === undefined) {
      answer.writeHead(404).end();
      return;
    }
    const type = file.endsWith(".js") ? "text/javascript" : "text/css";
    const port = file.endsWith(".js") ? `window.PORT = ${this.#haggle.compatPort};\n` : "";
    answer
      .writeHead(200, { "Content-Type": `${type}; charset=utf-8` })
      .end(port + (await readFile(join(folder, file), "utf8")));
  }

  /** What nginx's proxy_pass does. */
  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const onward = request(
      this.#haggle.url + incoming.url,
      { method: incoming.method, headers: incoming.headers },
      (reply) => {
        answer.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(answer);
      },
    );
    onward.once("error", () => answer.writeHead(502).end());
    incoming.pipe(onward);
  }

  async #page(answer: ServerResponse, name: string, values: Record<string, string>): Promise<void> {
    const page = await readFile(join(folder, name), "utf8");
    answer
      .writeHead(200, { "Content-Type": "text/html; charset=utf-8" })
      .end(page.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => values[key] ?? ""));
  }

  /** The history as the shop's own template has it in the page, fetched by PHP with the visitor's token. */
  async #history(incoming: IncomingMessage, query: string): Promise<string> {
    const token = /haggle_token=([^;]+)/.exec(incoming.headers.cookie ?? "")?.[1] ?? "";
    const reply = await fetch(`${this.#haggle.url}/push/push/chat?old=1&${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    return reply.ok ? await reply.text() : "";
  }

  /** The codes of a merchant's page, over the server API. */
  async #codes(merchant: string, buyer: string): Promise<{ myCode: string; toUserCode: string }> {
    const reply = await fetch(`${this.#haggle.url}/v1/server/compat-codes`, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#apiKey}`, "Content-Type": "application/json" },
      body: JSON.stringify({ merchant, buyers: [buyer] }),
    });
    const body = (await reply.json()) as { my_code: string; buyers: Record<string, string> };
    return { myCode: body.my_code, toUserCode: body.buyers[buyer] ?? "" };
  }
}
