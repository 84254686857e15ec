/** The address of a page of the shop, if it is one that may be followed; own paths count. */
export function safePageUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (/^\/(?![/\\])/u.test(url)) return url;
  return /^https?:\/\//iu.test(url) && URL.canParse(url) ? url : undefined;
}
