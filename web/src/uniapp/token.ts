const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export type Claims = { sub?: string; iat: number; exp: number };

/** What a token says, unverified: RFC 7519, without the `atob` that mini-programs lack. A uid is ASCII. */
export function claimsOf(token: string): Claims {
  let [bits, held, json] = [0, 0, ""];
  for (const digit of (token.split(".")[1] ?? "").split("")) {
    held = ((held & 63) << 6) | digits.indexOf(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    json += String.fromCharCode((held >> bits) & 255);
  }
  try {
    return { iat: 0, exp: 0, ...(JSON.parse(json) as object) };
  } catch {
    return { iat: 0, exp: 0 };
  }
}
