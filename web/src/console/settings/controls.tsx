import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type ChoiceProps<T extends string> = {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
};

/** One of a few. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <label class="c-setting">
      <span class="c-setting-name">{label}</span>
      <select
        value={value}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen[0]);
        }}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

type SwitchProps = {
  label: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
  /** Stands before the switch. */
  children?: ComponentChildren;
};

/** On or off, at once. */
export function Switch({ label, on, disabled = false, onChange, children }: SwitchProps) {
  const id = useId();
  return (
    <div class="c-setting">
      <label for={id}>{label}</label>
      {children}
      <input
        id={id}
        type="checkbox"
        role="switch"
        class="c-switch"
        checked={on}
        aria-checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}
