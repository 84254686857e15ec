import { Component, type ComponentChildren } from "preact";
import { EmptyState } from "./empty-state.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords } from "./i18n/language.ts";

/** Where drawing goes wrong, the page says so and offers a way on, instead of going blank. */
export class Boundary extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ComponentChildren {
    if (!this.state.broken) return this.props.children;
    return (
      <EmptyState icon={<FirstIcon name="alert" />} title={firstWords().app.failed}>
        <button type="button" class="button primary" onClick={() => location.reload()}>
          {firstWords().app.reload}
        </button>
      </EmptyState>
    );
  }
}
