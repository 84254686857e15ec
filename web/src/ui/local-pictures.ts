/**
 * Object URLs of pictures this page has sent itself, by message key and place. They stay while the message
 * turns from waiting to stored, so nothing flickers and nothing is fetched that is already here.
 */
const keepAtMost = 60;
const urls = new Map<string, string>();

export function localPictureUrl(key: string, index: number, bytes: Blob | undefined): string | undefined {
  const name = `${key}/${index}`;
  const known = urls.get(name);
  if (known !== undefined || bytes === undefined) return known;
  const made = URL.createObjectURL(bytes);
  urls.set(name, made);
  for (const [oldest, url] of urls) {
    if (urls.size <= keepAtMost) break;
    urls.delete(oldest);
    URL.revokeObjectURL(url);
  }
  return made;
}

/** Forgets a URL that no longer loads, so that the server's is used. */
export function forgetLocalPicture(key: string, index: number): void {
  const name = `${key}/${index}`;
  const url = urls.get(name);
  if (url === undefined) return;
  urls.delete(name);
  URL.revokeObjectURL(url);
}
