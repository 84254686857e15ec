import { createHmac, randomUUID } from "node:crypto";

const secret = "the-secret-of-a-shop-with-a-crowd-in-it";

/** With these the server takes the buyers of this file, as the marketplace's. */
export const takesBuyers = ["--token-secret", `:${secret}`];

/** Signs who somebody is, as the marketplace would. */
function token(uid: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: uid, aud: "haggle", iat: now, exp: now + 3600 })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** Has a buyer who has no page open ask the seller of the mug something, over the API. */
export async function ask(url: string, uid: string, text: string): Promise<void> {
  const answer = await fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token(uid)}`, "Content-Type": "application/json" },
    body: JSON.stringify({ product: "1001", nonce: randomUUID(), blocks: [{ type: "text", text }] }),
  });
  if (!answer.ok) throw new Error(`${uid}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}
