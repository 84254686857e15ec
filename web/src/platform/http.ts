import type { Http, HttpRequest, HttpResponse } from "../client/ports.ts";

const deadline = 20_000;

/** Requests to the page's own server, with its cookies. */
export function browserHttp(): Http {
  return { request };
}

async function request({ method, path, token, json }: HttpRequest): Promise<HttpResponse> {
  const headers = new Headers({ Accept: "application/json" });
  if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
  const init: RequestInit = {
    method,
    headers,
    credentials: "same-origin",
    cache: "no-store",
    signal: AbortSignal.timeout(deadline),
  };
  if (json !== undefined) {
    headers.set("Content-Type", "application/json");
    init.body = JSON.stringify(json);
  }
  const response = await fetch(path, init);
  return { status: response.status, body: parsed(await response.text()) };
}

/** The JSON of a text, undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
