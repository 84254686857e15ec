import type { Http, HttpRequest, HttpResponse, Upload, UploadUnderWay } from "../client/ports.ts";

const deadline = 20_000;
/** An upload of which nothing moved for so long has no connection any more. */
const stalled = 30_000;

/** Requests to the page's own server, with its cookies. */
export function browserHttp(): Http {
  return { request, upload };
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

/** Uploads with XMLHttpRequest, the only way to learn how far it is. */
function upload({ path, token, bytes, progress }: Upload): UploadUnderWay {
  const xhr = new XMLHttpRequest();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const moving = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => xhr.abort(), stalled);
  };
  const response = new Promise<HttpResponse>((resolve, reject) => {
    xhr.open("PUT", path);
    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
    xhr.setRequestHeader("Content-Type", bytes.type);
    xhr.upload.onprogress = ({ loaded, total }) => {
      moving();
      if (total > 0) progress(loaded / total);
    };
    xhr.onload = () => resolve({ status: xhr.status, body: parsed(xhr.responseText) });
    xhr.onerror = () => reject(new Error("no answer"));
    xhr.onabort = () => reject(new Error("cancelled"));
    xhr.onloadend = () => clearTimeout(timer);
    moving();
    xhr.send(bytes);
  });
  return { response, cancel: () => xhr.abort() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
