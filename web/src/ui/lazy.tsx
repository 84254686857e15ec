import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A component whose code is loaded when it is first drawn; until then there is nothing. */
export function lazy<P extends object>(
  load: () => Promise<(props: P) => JSX.Element>,
): (props: P) => JSX.Element | null {
  let loaded: ((props: P) => JSX.Element) | undefined;
  return (props) => {
    const [View, setView] = useState(() => loaded);
    useEffect(() => {
      if (View !== undefined) return;
      let wanted = true;
      load().then(
        (view) => {
          loaded = view;
          if (wanted) setView(() => view);
        },
        () => undefined, // offline: drawing it again, as opening it again does, tries again
      );
      return () => {
        wanted = false;
      };
    }, [View]);
    return View === undefined ? null : <View {...props} />;
  };
}
