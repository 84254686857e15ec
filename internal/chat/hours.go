package chat

import (
	"fmt"
	"time"
)

// Opening is a stretch of a weekday in which a shop answers, in minutes after
// midnight, From before To. 24:00 is 1440.
type Opening struct {
	Day  time.Weekday `json:"day"` // 0 is Sunday
	From int          `json:"from"`
	To   int          `json:"to"`
}

// Hours are a week's openings, by the clock of a place. Without any it never opens.
type Hours struct {
	TimeZone string    `json:"time_zone"` // of the IANA database, like "Asia/Shanghai"
	Openings []Opening `json:"openings"`
}

// Closed tells of a time at which a shop does not answer.
type Closed struct {
	Since time.Time // zero: nobody knows since when, within a week
	Until time.Time // zero: it does not open within a week
}

const dayMinutes = 24 * 60

// At returns how things stand at t, nil while the shop is open. A clock that is set
// forward or back moves openings along with it.
func (h *Hours) At(t time.Time) (*Closed, error) {
	zone, err := time.LoadLocation(h.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", h.TimeZone, err)
	}
	here := t.In(zone)
	var c Closed
	for day := -7; day <= 7; day++ {
		// At noon, as not every day has a midnight.
		date := time.Date(here.Year(), here.Month(), here.Day()+day, 12, 0, 0, 0, zone)
		for _, o := range h.Openings {
			if o.Day != date.Weekday() {
				continue
			}
			from, to := clock(date, o.From), clock(date, o.To)
			switch {
			case !t.Before(from) && t.Before(to):
				return nil, nil //nolint:nilnil // open: there is nothing to tell
			case !t.Before(to) && to.After(c.Since):
				c.Since = to
			case t.Before(from) && (c.Until.IsZero() || from.Before(c.Until)):
				c.Until = from
			}
		}
	}
	return &c, nil
}

// clock is the time of a date at so many minutes after midnight by its own clock.
func clock(date time.Time, minutes int) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), 0, minutes, 0, 0, date.Location())
}

func (h *Hours) validate() error {
	if h.TimeZone == "Local" || h.TimeZone == "" {
		return Codef(Invalid, "invalid_time_zone", "name a time zone like Asia/Shanghai")
	}
	if _, err := time.LoadLocation(h.TimeZone); err != nil {
		return Codef(Invalid, "invalid_time_zone", "there is no time zone %q", h.TimeZone)
	}
	if len(h.Openings) > maxOpenings {
		return Codef(TooLarge, "too_many_openings", "a week has at most %d openings", maxOpenings)
	}
	for _, o := range h.Openings {
		if o.Day < time.Sunday || o.Day > time.Saturday || o.From < 0 || o.To > dayMinutes || o.From >= o.To {
			return Codef(Invalid, "invalid_opening", "an opening is of a day from 0 to 6, and from before to, between 0 and %d minutes", dayMinutes)
		}
	}
	return nil
}

// maxOpenings is five a day: more is a mistake.
const maxOpenings = 35
