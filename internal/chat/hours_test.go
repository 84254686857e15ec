package chat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHours(t *testing.T) {
	const day = 24 * 60
	week := Hours{TimeZone: "Asia/Shanghai", Openings: []Opening{
		{time.Monday, 9 * 60, 12 * 60}, {time.Monday, 13 * 60, 18 * 60}, {time.Tuesday, 0, day}, {time.Wednesday, 0, 2 * 60},
	}}
	berlin := Hours{TimeZone: "Europe/Berlin", Openings: []Opening{{time.Sunday, 90, 210}}} // 1:30 to 3:30
	for _, c := range []struct {
		name         string
		hours        Hours
		at           string
		since, until string // "" twice: open
	}{
		{"as it opens", week, "2026-11-23T09:00:00+08:00", "", ""},
		{"before it opens", week, "2026-11-23T08:59:59+08:00", "2026-11-18T02:00:00+08:00", "2026-11-23T09:00:00+08:00"},
		{"as it closes", week, "2026-11-23T12:00:00+08:00", "2026-11-23T12:00:00+08:00", "2026-11-23T13:00:00+08:00"},
		{"midnight of a whole day", week, "2026-11-24T00:00:00+08:00", "", ""},
		{"over midnight", week, "2026-11-25T01:59:00+08:00", "", ""},
		{"by another clock", week, "2026-11-23T01:30:00Z", "", ""},
		{"a week later", week, "2026-11-25T02:00:00+08:00", "2026-11-25T02:00:00+08:00", "2026-11-30T09:00:00+08:00"},
		{"never", Hours{TimeZone: "UTC"}, "2026-11-25T02:00:00Z", "none", "none"},
		{"the clock is set forward", berlin, "2026-03-29T03:10:00+02:00", "", ""},
		{"the clock is set back", berlin, "2026-10-25T03:29:59+01:00", "", ""},
		{"and after it", berlin, "2026-10-25T03:30:00+01:00", "2026-10-25T03:30:00+01:00", "2026-11-01T01:30:00+01:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.hours.At(moment(t, c.at))
			switch {
			case err != nil:
				t.Fatal(err)
			case got == nil && c.since == "":
			case got == nil || !got.Since.Equal(moment(t, c.since)) || !got.Until.Equal(moment(t, c.until)):
				t.Errorf("closed %+v, want since %q until %q", got, c.since, c.until)
			}
		})
	}
}

// moment reads a time; "none" is the zero one.
func moment(t *testing.T, s string) time.Time {
	t.Helper()
	if s == "none" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Whatever the hours: a closed time lies between its ends, it is closed at the first
// of them and open at the other.
func TestHours_ends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hours{TimeZone: rapid.SampledFrom([]string{"UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns"}).Draw(t, "zone")}
		for range rapid.IntRange(0, 6).Draw(t, "openings") {
			from := rapid.IntRange(0, 1439).Draw(t, "from")
			h.Openings = append(h.Openings, Opening{
				time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), from, rapid.IntRange(from+1, 1440).Draw(t, "to"),
			})
		}
		at := time.Unix(rapid.Int64Range(1_760_000_000, 1_800_000_000).Draw(t, "at"), 0)
		closed, err := h.At(at)
		if err != nil || closed == nil {
			return
		}
		if closed.Since.After(at) || !closed.Until.IsZero() && !closed.Until.After(at) {
			t.Errorf("at %v closed from %v to %v", at, closed.Since, closed.Until)
		}
		if closed.Until.IsZero() != (len(h.Openings) == 0) {
			t.Errorf("closed until %v with %d openings a week", closed.Until, len(h.Openings))
		}
		if then, err := h.At(closed.Until); !closed.Until.IsZero() && (err != nil || then != nil) {
			t.Errorf("at %v, when it opens: %v, %v", closed.Until, then, err)
		}
	})
}

// Where clocks go forward at midnight that day has none, and is a day all the same.
func TestHours_noMidnight(t *testing.T) {
	zone, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	h := Hours{TimeZone: "America/Santiago", Openings: []Opening{{Day: time.Sunday, From: 9 * 60, To: 18 * 60}}}
	if closed, err := h.At(time.Date(2026, 9, 6, 12, 0, 0, 0, zone)); err != nil || closed != nil {
		t.Errorf("closed %+v, %v, at noon of a Sunday", closed, err)
	}
}
