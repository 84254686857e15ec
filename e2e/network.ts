import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import { connect, type Socket } from "node:net";
import { freePort } from "./server.ts";

/** What becomes of WebSockets. */
export type Upgrades = "allowed" | "refused" | "swallowed";

/** The network between the browser and the server, with a proxy in it that everything has to pass. */
export class Network {
  upgrades: Upgrades;
  /** Where it passes requests on to: a port of this machine. */
  target = 0;
  /** The streams that were asked for, however they were answered. */
  asked = 0;
  /** What goes through just now. */
  streams = 0;
  sockets = 0;
  readonly #port: number;
  readonly #server: HttpServer;
  readonly #open = new Set<Socket>();

  private constructor(port: number, upgrades: Upgrades) {
    this.#port = port;
    this.upgrades = upgrades;
    this.#server = createServer((from, to) => this.#pass(from, to));
    this.#server.on("upgrade", (from: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(from, socket, head),
    );
    this.#server.on("connection", (socket: Socket) => {
      this.#open.add(socket);
      socket.on("close", () => this.#open.delete(socket));
    });
  }

  static async start(upgrades: Upgrades): Promise<Network> {
    const port = await freePort();
    const network = new Network(port, upgrades);
    await new Promise<void>((resolve) => network.#server.listen(port, "127.0.0.1", resolve));
    return network;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #pass(from: IncomingMessage, to: ServerResponse): void {
    const { method, url, headers } = from;
    if (url === "/v1/sse") {
      this.asked++;
      this.streams++;
      to.on("close", () => this.streams--);
    }
    const onwards = request(
      { host: "127.0.0.1", port: this.target, method, path: url, headers },
      (answer) => {
        to.writeHead(answer.statusCode ?? 502, answer.headers);
        to.flushHeaders();
        answer.pipe(to);
        answer.on("error", () => to.destroy());
      },
    );
    onwards.on("error", () => {
      if (to.headersSent) to.destroy();
      else to.writeHead(502).end();
    });
    to.on("close", () => onwards.destroy());
    from.pipe(onwards);
  }

  #upgrade(from: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    if (this.upgrades === "refused") {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    if (this.upgrades === "swallowed") return; // until somebody loses patience
    const onwards = connect(this.target, "127.0.0.1", () => {
      const lines = [`${from.method} ${from.url} HTTP/1.1`];
      for (let i = 0; i < from.rawHeaders.length; i += 2)
        lines.push(`${from.rawHeaders[i]}: ${from.rawHeaders[i + 1]}`);
      onwards.write(`${lines.join("\r\n")}\r\n\r\n`);
      onwards.write(head);
      onwards.pipe(socket).pipe(onwards);
      this.sockets++;
      socket.on("close", () => this.sockets--);
    });
    onwards.on("error", () => socket.destroy());
    socket.on("close", () => onwards.destroy());
  }
}
