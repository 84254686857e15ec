import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const binary = process.env["HAGGLE_BIN"] ?? fileURLToPath(new URL("../bin/haggle", import.meta.url));
const startWithin = 15_000;
const stopWithin = 10_000;

/** The environment of the tests must not reach the server: HAGGLE_… would be settings. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HAGGLE_")));
}

/** Ports are taken from below those that systems give to whoever asks for any. */
const firstPort = 20_000;
const ports = 12_000;
const attempts = 100;

/**
 * A port that is this process's until its end. Other workers are kept off by the port's UDP side,
 * which nobody else uses.
 */
export async function freePort(): Promise<number> {
  for (let i = 0; i < attempts; i++) {
    const port = firstPort + randomInt(ports);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error("no free port");
}

async function claim(port: number): Promise<boolean> {
  const socket = createSocket("udp4").unref();
  return await new Promise((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return await new Promise((resolve) => {
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/**
 * The real program, as `haggle demo`, on a port and a data directory of its own. It can be killed and
 * started again on the same ones, as after a power cut or an update.
 */
export class Server {
  readonly #port: number;
  /** Where the sockets of the PHP chat's pages are, with `--compat`. */
  readonly compatPort: number;
  readonly #flags: readonly string[];
  readonly data: string;
  #process: ChildProcess | undefined;
  #log = "";

  private constructor(port: number, compatPort: number, data: string, flags: readonly string[]) {
    this.#port = port;
    this.compatPort = compatPort;
    this.data = data;
    this.#flags = flags;
  }

  /** Starts a server. Flags are those of `haggle demo`, like `--guests`. */
  static async start(...flags: string[]): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), "haggle-e2e-"));
    const server = new Server(await freePort(), await freePort(), data, flags);
    await server.start();
    return server;
  }

  /** Where people find it: at its base URL, if it was given one. */
  get url(): string {
    const at = this.#flags.indexOf("--base-url");
    return (at < 0 ? undefined : this.#flags[at + 1]) ?? this.#own;
  }

  get port(): number {
    return this.#port;
  }

  get #own(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What the server has written so far, over all its lives. */
  get log(): string {
    return this.#log;
  }

  /** Starts the server again, on the same port and data. */
  async start(): Promise<void> {
    const child = spawn(
      binary,
      [
        "demo",
        ...["--listen", `127.0.0.1:${this.#port}`, "--admin-listen", "off", "--data", this.data],
        ...["--compat-listen", `127.0.0.1:${this.compatPort}`],
        ...this.#flags,
      ],
      { env: cleanEnvironment(), stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#process = child;
    const gone = new Promise<never>((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) =>
        reject(new Error(`the server ended (${code ?? signal})\n${this.#log}`)),
      );
    });
    gone.catch(() => undefined); // it will end one day, when nobody waits for it to start
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        this.#log += text;
      });
    }
    await Promise.race([this.#ready(), gone]);
  }

  /** Ends the server as a power cut would: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Asks the server to stop and returns its exit status; null if it did not within its ten seconds. */
  async stop(): Promise<number | null> {
    return await this.#end("SIGTERM");
  }

  /** Ends the server and removes its data. */
  async dispose(): Promise<void> {
    await this.#end("SIGKILL");
    await rm(this.data, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return null;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), stopWithin);
    await ended;
    clearTimeout(late);
    return child.exitCode;
  }

  async #ready(): Promise<void> {
    const until = performance.now() + startWithin;
    while (performance.now() < until) {
      const answer = await fetch(`${this.#own}/readyz`).catch(() => undefined);
      if (answer?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the server is not ready within ${startWithin} ms\n${this.#log}`);
  }
}
