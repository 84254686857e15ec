// Package doctor looks whether an installation is as it should be: a list of checks,
// each with a deadline, whose findings say what is there and what to change.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// checkTimeout is how long a check may take.
const checkTimeout = 30 * time.Second

// Level is how bad a finding is.
type Level uint8

// The levels.
const (
	OK      Level = iota
	Warning       // it works, or not yet, and somebody should know
	Wrong         // it does not work, or is not safe
)

// String returns the word for l.
func (l Level) String() string {
	switch l {
	case OK:
		return "ok"
	case Warning:
		return "warning"
	case Wrong:
		return "wrong"
	}
	return fmt.Sprintf("Level(%d)", uint8(l))
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"`
	Level  Level  `json:"level"`
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"` // what to change; "" where nothing is
}

// Check looks at one thing. It tells each of its findings as soon as it has it.
type Check struct {
	Name string
	Run  func(ctx context.Context, tell *Teller)
}

// Teller takes the findings of a check.
type Teller struct {
	check string
	tell  func(Finding)
}

// OK says that something is as it should be.
func (t *Teller) OK(format string, args ...any) { t.say(OK, "", format, args...) }

// Warning says that somebody should know of something, and what to do.
func (t *Teller) Warning(advice, format string, args ...any) {
	t.say(Warning, advice, format, args...)
}

// Wrong says that something does not work or is not safe, and what to do.
func (t *Teller) Wrong(advice, format string, args ...any) { t.say(Wrong, advice, format, args...) }

func (t *Teller) say(level Level, advice, format string, args ...any) {
	t.tell(Finding{t.check, level, fmt.Sprintf(format, args...), advice})
}

// Run runs the checks one after the other, tells their findings and returns how many
// of each level there were. A check that finds nothing is no finding.
func Run(ctx context.Context, checks []Check, tell func(Finding)) (counts [3]int) {
	for _, c := range checks {
		if ctx.Err() != nil {
			break
		}
		limited, cancel := context.WithTimeout(ctx, checkTimeout)
		c.Run(limited, &Teller{check: c.Name, tell: func(f Finding) {
			counts[f.Level]++
			tell(f)
		}})
		cancel()
	}
	return counts
}

// Text writes findings as lines for people.
func Text(w io.Writer) func(Finding) {
	return func(f Finding) {
		_, _ = fmt.Fprintf(w, "%-8s %-9s %s\n", f.Level, f.Check, f.Found) // a closed terminal is no finding
		if f.Advice != "" {
			_, _ = fmt.Fprintf(w, "%18s → %s\n", "", f.Advice)
		}
	}
}

// WriteJSON writes findings as one array for programs.
func WriteJSON(w io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(findings)
}
