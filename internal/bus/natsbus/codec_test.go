package natsbus

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// fill sets everything that v holds to something.
func fill(t *testing.T, v reflect.Value, n *int64) {
	t.Helper()
	*n++
	switch v.Kind() { //nolint:exhaustive // the domain has no others
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Struct:
		if at, ok := reflect.TypeAssert[*time.Time](v.Addr()); ok {
			*at = time.UnixMilli(1_763_935_200_000 + *n).UTC()
			return
		}
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(t, v.Index(i), n)
		}
	case reflect.String:
		v.SetString("发货" + strconv.FormatInt(*n, 10))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(*n % 100)
	case reflect.Uint8:
		v.SetUint(uint64(*n % 100))
	default:
		t.Fatalf("what is a %v?", v.Type())
	}
}

// A field that the domain has and the bus forgets would be lost on the way to other
// nodes, and only there.
func TestCodec_everyField(t *testing.T) {
	var want chat.Event
	var n int64
	fill(t, reflect.ValueOf(&want).Elem(), &n)
	data, err := encode(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := decode(data)
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("understood %v (-want +got):\n%s", ok, diff)
	}
}

// Nodes of several versions run side by side while an installation is brought up to
// date. If this fails because a name has changed, so must the version.
func TestCodec_golden(t *testing.T) {
	var ev chat.Event
	var n int64
	fill(t, reflect.ValueOf(&ev).Elem(), &n)
	got, err := encode(&ev)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "event.v1")
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Errorf("%s was not there: look at what it is now", path)
		want, err = got, os.WriteFile(path, append(got, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		data       string
		understood bool
	}{
		"nothing":                 {"", false},
		"something unsaid":        {"1", true},
		"another version":         {`2{"pos":[0,0]}`, false},
		"broken":                  {`1{"pos":`, false},
		"of another type":         {`1{"pos":"x"}`, false},
		"a kind of a later node":  {`1{"pos":[0,0],"reaction":{"Seq":1}}`, true},
		"a field of a later node": {`1{"pos":[0,0],"priority":3}`, true},
	} {
		ev, understood := decode([]byte(c.data))
		if understood != c.understood || !cmp.Equal(ev, chat.Event{}) {
			t.Errorf("%s: decode = %+v, %v, want an event of no kind, %v", name, ev, understood, c.understood)
		}
	}
}
