import type { HttpResponse, Upload, UploadUnderWay } from "../client/ports.ts";
import { parsed } from "./http.ts";

/** An upload of which nothing moved for so long has no connection any more. */
const stalled = 30_000;

/** Uploads with XMLHttpRequest, the only way to learn how far it is. */
export function upload({ path, token, bytes, progress }: Upload): UploadUnderWay {
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
