import type { JSX } from "preact";
import { brandLogo, brandName } from "./brand.ts";
import "./brand-mark.css";

/** The shop's logo, else its name; nothing where it has set neither. */
export function BrandMark(): JSX.Element | null {
  const name = brandName();
  const logo = brandLogo();
  if (logo !== "") return <img class="brand-mark" src={logo} alt={name} />;
  return name === "" ? null : <span class="brand-mark truncate">{name}</span>;
}
