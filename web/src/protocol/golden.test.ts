import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  parseAskedPage,
  parseBegin,
  parseChanges,
  parseConversation,
  parseConversationPage,
  parseMe,
  parseMessage,
  parseMessagePage,
  parseProduct,
  parseProductPage,
  parseRecallPage,
  parseWireError,
} from "./body.ts";
import { parseFile, parseFileURLs } from "./file.ts";
import { parseFoundMessages } from "./found.ts";
import { type ClientFrame, encodeClientFrame, parseServerFrame } from "./frame.ts";
import { members, type Parse } from "./parse.ts";
import { parsePhrases } from "./phrase.ts";
import { parseShopSettings } from "./shop-settings.ts";
import { parseStream } from "./stream.ts";
import { parseJSConfig } from "./wechat.ts";

const folder = new URL("../../../internal/wire/testdata/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
const golden = (name: string): string => readFileSync(new URL(name, folder), "utf8");
const starting = (prefix: string): string[] => names.filter((name) => name.startsWith(prefix));

describe("what the server says is read whole", () => {
  test.each(starting("server-"))("%s", (name) => {
    const text = golden(name);
    const frame = parseServerFrame(text);
    if (frame === undefined || frame.kind === "unknown") throw new Error(`${name} was not understood`);
    const { id, kind: _, ...body } = frame;
    // A field that the types forgot would be missing here.
    expect(id > 0 ? { id, ...body } : body).toEqual(JSON.parse(text));
  });
});

const bodies: Record<string, Parse<unknown>> = {
  "body-asked-page.json": parseAskedPage,
  "body-begin.json": parseBegin,
  "body-changes.json": parseChanges,
  "body-conversation-page.json": parseConversationPage,
  "body-conversation.json": parseConversation,
  "body-error.json": (value) => ({ error: parseWireError(members(value)["error"]) }),
  "body-file-urls.json": parseFileURLs,
  "body-file.json": parseFile,
  "body-found-messages.json": parseFoundMessages,
  "body-js-config.json": parseJSConfig,
  "body-me.json": parseMe,
  "body-me-wechat.json": parseMe,
  "body-message-page.json": parseMessagePage,
  "body-message-recalled.json": parseMessage,
  "body-message.json": parseMessage,
  "body-product-page.json": parseProductPage,
  "body-product.json": parseProduct,
  "body-phrases.json": parsePhrases,
  "body-shop-settings.json": parseShopSettings,
  "body-begin-closed.json": parseBegin,
  "body-begin-replies.json": parseBegin,
  "body-recall-page.json": parseRecallPage,
  "body-stream.json": parseStream,
};

describe("what the server answers is read whole", () => {
  test.each(starting("body-"))("%s", (name) => {
    const value: unknown = JSON.parse(golden(name));
    expect(bodies[name]?.(value)).toEqual(value);
  });
});

const conversation = "5q3vhd2xw7n4c6tzk1m8r9yjpe";
const frames: Record<string, ClientFrame> = {
  "client-delivered.json": { delivered: { conversation, seq: 12 } },
  "client-heartbeat.json": { heartbeat: {} },
  "client-hello-first.json": { id: 1, hello: { token: "header.claims.signature" } },
  "client-hello.json": {
    id: 1,
    hello: {
      token: "header.claims.signature",
      position: { epoch: "e7k2m9x4w1", pos: 41 },
      client: "web/1.0",
    },
  },
  "client-read.json": { id: 5, read: { conversation, seq: 12 } },
  "client-recall.json": { id: 6, recall: { conversation, seq: 12 } },
  "client-send-begin.json": {
    id: 4,
    send: {
      product: "1001",
      merchant: "V_7",
      nonce: "n-0002",
      blocks: [
        { type: "text", text: "Like this one?" },
        { type: "image", file: "9f0kzv3mh6w2x8q4n7c5t1rjdp" },
        { type: "product", product: "1001" },
      ],
    },
  },
  "client-send.json": {
    id: 3,
    send: {
      conversation,
      nonce: "n-0001",
      blocks: [{ type: "text", text: "Is it still available? 还有货吗 🙂" }],
    },
  },
  "client-token.json": { id: 2, token: { token: "header.claims.signature" } },
  "client-typing.json": { typing: { conversation } },
  "client-viewing.json": { viewing: { conversation } },
  "client-watch.json": { id: 7, watch: { uids: ["V_7", "E_9"] } },
};

describe("what the client says is what the server reads", () => {
  test.each(starting("client-"))("%s", (name) => {
    const frame = frames[name];
    if (frame === undefined) throw new Error(`no frame of ours for ${name}`);
    expect(JSON.parse(encodeClientFrame(frame))).toEqual(JSON.parse(golden(name)));
  });
});

test("frames of a later version are ignored, malformed ones are told apart", () => {
  const cases: [string, string | undefined][] = [
    ['{"sticker":{"name":"cat"}}', "unknown"],
    ['{"id":3}', "unknown"],
    ['{"heartbeat":{"mood":"fine"}}', "heartbeat"],
    ["", undefined],
    ["[]", undefined],
    ["null", undefined],
    ['{"message":{"pos":1,"message":{"seq":"one"}}}', undefined],
    ['{"presence":{"uids":{"V_1":"asleep"}}}', undefined],
    ['{"id":"3","ack":{}}', undefined],
  ];
  for (const [text, want] of cases) expect(parseServerFrame(text)?.kind, text).toBe(want);
});

test("a block of a later version does not take its message along", () => {
  const message = JSON.parse(golden("body-message.json"));
  message.blocks.push({ type: "order", order: { id: "A-17" } });
  expect(parseMessage(message).blocks.at(-1)).toEqual({ type: "unknown" });
});
