import { expect, test } from "vitest";
import type { TokenGrant } from "../protocol/body.ts";
import type { Http, TokenAnswer } from "./ports.ts";
import { FakeClock } from "./testing.ts";
import { Tokens } from "./token.ts";

/** Tokens in a frame on a shop's page, which hands over what is in `hands`, one after the other. */
function framed(...hands: (TokenAnswer | undefined)[]) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const over: string[] = [];
  const answers = new Map<string, { status: number; body: unknown }>();
  const request: Http["request"] = ({ path }) => {
    asked.push(path);
    return Promise.resolve(
      answers.get(path) ?? { status: 401, body: { error: { code: "token_missing", message: "no cookie" } } },
    );
  };
  const handedToken = () => Promise.resolve(hands.shift());
  const tokens = new Tokens({ http: { request }, clock, handedToken }, "buyer", ({ code }) =>
    over.push(code),
  );
  return { tokens, clock, asked, over, answers };
}

const grant = (token: string, clock: FakeClock): { grant: TokenGrant } => ({
  grant: { token, uid: "U_1", expires_at: clock.now() + 600_000 },
});

test("in a frame the shop's page gives the token, and no cookie is asked for", async () => {
  const { tokens, asked } = framed(grant("first", new FakeClock()));
  expect(await tokens.get()).toEqual({ token: "first" });
  expect(await tokens.get()).toEqual({ token: "first" });
  expect(asked).toEqual([]);
});

test("a page with nothing to give leaves it to the cookies", async () => {
  const { tokens, asked } = framed(undefined);
  expect(await tokens.get()).toMatchObject({ signedOut: { code: "token_missing" } });
  expect(asked).toContain("/v1/token");
});

test("a guest in a frame is kept by the frame's own cookie; where the browser keeps none, that is said", async () => {
  const { tokens, asked, answers } = framed(undefined);
  answers.set("/v1/guest?framed=true", { status: 204, body: undefined });
  expect(await tokens.get()).toMatchObject({ signedOut: { code: "cookies_blocked" } });
  expect(asked).toEqual(["/v1/token", "/v1/guest?framed=true", "/v1/token"]);
});

test("a refused token is asked for again, once: the same again is the end", async () => {
  const clock = new FakeClock();
  const renewed = framed(grant("old", clock), grant("new", clock));
  await renewed.tokens.get();
  expect(await renewed.tokens.get("old")).toEqual({ token: "new" });

  const stuck = framed(grant("old", clock), grant("old", clock));
  await stuck.tokens.get();
  expect(await stuck.tokens.get("old")).toMatchObject({ signedOut: { code: "token_invalid" } });
  expect(stuck.over).toEqual(["token_invalid"]);
});

test("a page that has none just now is asked again later", async () => {
  const { tokens, over } = framed(
    { failed: { code: "timeout", message: "" } },
    grant("late", new FakeClock()),
  );
  expect(await tokens.get()).toMatchObject({ failed: { code: "timeout" } });
  expect(await tokens.get()).toEqual({ token: "late" });
  expect(over).toEqual([]);
});
