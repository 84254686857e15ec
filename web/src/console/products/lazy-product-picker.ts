import { lazy } from "../../ui/lazy.tsx";
import type { PickerProps } from "./product-picker.tsx";

/** The picker, fetched when it is first opened. */
export const LazyProductPicker = lazy<PickerProps>(
  async () => (await import("./product-picker.tsx")).ProductPicker,
);
