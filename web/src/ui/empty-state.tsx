import type { ComponentChildren, JSX } from "preact";
import "./empty-state.css";

export type EmptyStateProps = {
  icon: ComponentChildren;
  title: string;
  body?: ComponentChildren;
  children?: ComponentChildren;
};

/** What stands where there is nothing else to show: why, and what to do about it. */
export function EmptyState({ icon, title, body, children }: EmptyStateProps): JSX.Element {
  return (
    <div class="empty-state">
      <span class="empty-icon">{icon}</span>
      <h2>{title}</h2>
      {body !== undefined && <p class="foreign">{body}</p>}
      {children !== undefined && <div class="empty-actions">{children}</div>}
    </div>
  );
}
