/** The sound of a new message: two soft notes, made by the browser, so that there is no file to load. */
import { type ReadonlySignal, signal } from "@preact/signals";

export type Bell = {
  /** Browsers play nothing before the first click or key on the page. */
  readonly ready: ReadonlySignal<boolean>;
  ring(): void;
  dispose(): void;
};

const NOTES = [
  { hertz: 784, after: 0 },
  { hertz: 1175, after: 0.09 },
];
const LENGTH = 0.45;
const VOLUME = 0.12;

export function openBell(): Bell {
  const ready = signal(false);
  let audio: AudioContext | undefined;

  // Made inside a gesture, or it would stay silent for ever.
  const unlock = () => {
    if (audio === undefined) {
      audio = new AudioContext();
      audio.addEventListener("statechange", stand);
    }
    void audio.resume().then(stand);
  };
  // A phone call takes the sound away: the next gesture has to bring it back.
  const stand = () => {
    ready.value = audio?.state === "running";
    if (ready.value) forget();
    else listen();
  };
  const forget = () => {
    removeEventListener("pointerdown", unlock, true);
    removeEventListener("keydown", unlock, true);
  };
  const listen = () => {
    addEventListener("pointerdown", unlock, true);
    addEventListener("keydown", unlock, true);
  };
  listen();

  return {
    ready,
    ring: () => {
      if (audio?.state === "running") play(audio);
    },
    dispose: () => {
      audio?.removeEventListener("statechange", stand);
      forget();
      void audio?.close();
    },
  };
}

function play(audio: AudioContext): void {
  for (const { hertz, after } of NOTES) {
    const start = audio.currentTime + after;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(VOLUME, start + 0.012);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + LENGTH);
  }
}
