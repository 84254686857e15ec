/** What the shop is called and its logo, where it has set them; the server puts them into the page. */
export const brandName = (): string => said("brand");
export const brandLogo = (): string => said("logo");
export const hasBrand = (): boolean => brandName() !== "" || brandLogo() !== "";

function said(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="haggle-${name}"]`)?.content ?? "";
}
