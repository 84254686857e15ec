package localbus_test

import (
	"testing"

	"haggle/internal/bus/bustest"
	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
)

func TestBus(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, attach func(chat.Bus)) []chat.Bus {
		bus := localbus.New()
		attach(bus)
		return []chat.Bus{bus}
	})
}

// Before the gateway is there, nobody can say who is online.
func TestBus_unattached(t *testing.T) {
	bus := localbus.New()
	if err := bus.Publish(t.Context(), []chat.Topic{{Kind: chat.EventsOf, UID: "U_1"}}, chat.Event{}); err != nil {
		t.Errorf("Publish = %v, want nil", err)
	}
	if got := bus.Cached("U_1"); got != chat.PresenceUnknown {
		t.Errorf("Cached = %v, want unknown", got)
	}
}
