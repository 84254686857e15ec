/** What the buyer's page follows once it shows something. */
import { takeDrops } from "../ui/drops.ts";
import { followDays } from "../ui/midnight.ts";
import { followEnter } from "./enter-choice.ts";

export function follow(): void {
  followEnter();
  takeDrops();
  followDays();
}
