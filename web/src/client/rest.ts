import {
  type Begin,
  type Changes,
  type Conversation,
  type Me,
  type MessagePage,
  type Position,
  parseBegin,
  parseChanges,
  parseConversation,
  parseMe,
  parseMessagePage,
  parseRecallPage,
  type RecallPage,
  type Side,
} from "../protocol/body.ts";
import { attempt, type Parse } from "../protocol/parse.ts";
import type { Failure } from "./api.ts";
import { fromResponse, isFailure, offline } from "./failure.ts";
import type { Http, HttpRequest, HttpResponse } from "./ports.ts";
import type { Tokens } from "./token.ts";

const nothing: Parse<object> = () => ({});
const id = encodeURIComponent;

/** The REST requests the core makes. They never reject: what went wrong is a Failure. */
export class Rest {
  private readonly http: Http;
  private readonly tokens: Tokens;

  constructor(http: Http, tokens: Tokens) {
    this.http = http;
    this.tokens = tokens;
  }

  me(): Promise<Me | Failure> {
    return this.get("/v1/me", parseMe);
  }

  begin(product: string): Promise<Begin | Failure> {
    return this.ask({ method: "POST", path: "/v1/begin", json: { product } }, parseBegin);
  }

  conversation(conversation: string): Promise<Conversation | Failure> {
    return this.get(`/v1/conversations/${id(conversation)}`, parseConversation);
  }

  changes(since: Position): Promise<Changes | Failure> {
    return this.get(`/v1/changes?epoch=${id(since.epoch)}&pos=${since.pos}`, parseChanges);
  }

  messages(conversation: string, range: { after: number } | { before: number } | undefined) {
    let path = `/v1/conversations/${id(conversation)}/messages?limit=50`;
    if (range !== undefined) path += "after" in range ? `&after=${range.after}` : `&before=${range.before}`;
    return this.get<MessagePage>(path, parseMessagePage);
  }

  recalls(conversation: string, after: number): Promise<RecallPage | Failure> {
    return this.get(`/v1/conversations/${id(conversation)}/recalls?after=${after}`, parseRecallPage);
  }

  setBlocked(conversation: string, blocked: boolean): Promise<Conversation | Failure> {
    const path = `/v1/conversations/${id(conversation)}/block`;
    return this.ask({ method: blocked ? "PUT" : "DELETE", path }, parseConversation);
  }

  async report(conversation: string, reason: string, seq?: number): Promise<Failure | undefined> {
    const path = `/v1/conversations/${id(conversation)}/report`;
    const json = { reason, ...(seq !== undefined && { seq }) };
    const answer = await this.ask({ method: "POST", path, json }, nothing);
    return isFailure(answer) ? answer : undefined;
  }

  async logout(side: Side): Promise<Failure | undefined> {
    const answer = await this.ask({ method: "POST", path: "/v1/logout", json: { side } }, nothing);
    return isFailure(answer) ? answer : undefined;
  }

  private get<T extends object>(path: string, parse: Parse<T>): Promise<T | Failure> {
    return this.ask({ method: "GET", path }, parse);
  }

  ask<T extends object>(request: HttpRequest, parse: Parse<T>): Promise<T | Failure> {
    return this.authorized((token) => this.http.request({ ...request, token }), parse);
  }

  /** Makes a request, and once more with a fresh token if its own was refused. */
  async authorized<T extends object>(
    request: (token: string) => Promise<HttpResponse>,
    parse: Parse<T>,
  ): Promise<T | Failure> {
    try {
      let response: HttpResponse | undefined;
      let refused: string | undefined;
      for (let tries = 0; tries < 2; tries++) {
        const answer = await this.tokens.get(refused);
        if ("signedOut" in answer) return answer.signedOut;
        if ("failed" in answer) return answer.failed;
        response = await request(answer.token);
        if (response.status !== 401) break;
        refused = answer.token;
      }
      if (response === undefined || response.status >= 400)
        return fromResponse(response ?? { status: 0, body: undefined });
      return (
        attempt(parse, response.body) ?? { code: "unavailable", message: "the answer was not understood" }
      );
    } catch {
      return offline;
    }
  }
}
