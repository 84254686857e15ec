import { useState } from "preact/hooks";
import { makesNotices } from "../attend/notice.ts";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { Switch } from "./controls.tsx";

/** How an agent is called on this device: each way by itself. */
export function Notices() {
  const { prefs, change } = useDesk().prefs;
  const words = consoleWords().settings;
  return (
    <>
      <p class="c-hint">{words.noticesExplain}</p>
      <Sound />
      <Desktop />
      <Switch label={words.badge} on={prefs.value.badge} onChange={(badge) => change({ badge })} />
    </>
  );
}

function Sound() {
  const { prefs, bell } = useDesk();
  const words = consoleWords().settings;
  return (
    <>
      <Switch
        label={words.sound}
        on={prefs.prefs.value.sound}
        onChange={(sound) => {
          prefs.change({ sound });
          if (sound) bell.ring();
        }}
      >
        <button class="button quiet c-test" type="button" onClick={() => bell.ring()}>
          {words.soundTest}
        </button>
      </Switch>
      {!bell.ready.value && <p class="c-hint">{words.soundGesture}</p>}
    </>
  );
}

function Desktop() {
  const { prefs } = useDesk();
  const words = consoleWords().settings;
  const [supported, setSupported] = useState("Notification" in window);
  const [permission, setPermission] = useState(supported ? Notification.permission : "denied");
  const turn = async (on: boolean) => {
    if (!on) {
      prefs.change({ notices: false });
      return;
    }
    // Found out before anybody is asked for what is then of no use.
    if (!makesNotices(consoleWords().app.title)) {
      setSupported(false);
      setPermission("denied");
      return;
    }
    const answer = await Notification.requestPermission();
    setPermission(answer);
    prefs.change({ notices: answer === "granted" });
  };
  return (
    <>
      <Switch
        label={words.notices}
        on={prefs.prefs.value.notices && permission === "granted"}
        disabled={permission === "denied"}
        onChange={(on) => void turn(on)}
      />
      {permission === "denied" && (
        <p class="c-hint">{supported ? words.noticesDenied : words.noticesUnsupported}</p>
      )}
    </>
  );
}
