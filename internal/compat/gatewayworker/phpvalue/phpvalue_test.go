package phpvalue_test

import (
	"errors"
	"strings"
	"testing"

	"haggle/internal/compat/gatewayworker/phpvalue"
)

// What PHP 8.2 writes with serialize(), and with json_encode(…, JSON_UNESCAPED_UNICODE).
func TestRead_asPHPWritesIt(t *testing.T) {
	for _, c := range []struct{ text, json string }{
		{"N;", "null"},
		{"b:1;", "true"},
		{"b:0;", "false"},
		{"i:-9223372036854775808;", "-9223372036854775808"},
		{"d:0.1;", "0.1"},
		{`s:6:"李雷";`, `"李雷"`},
		{"a:0:{}", "[]"},
		{`a:2:{s:4:"name";s:2:"Li";s:1:"n";i:3;}`, `{"name":"Li","n":3}`},
		{`a:2:{i:0;s:1:"a";i:1;a:1:{i:7;b:1;}}`, `["a",{"7":true}]`},
		{`a:2:{i:1;s:1:"/";i:0;s:1:"<";}`, `{"1":"\/","0":"<"}`},
		{`s:4:"";"";`, `"\";\""`},
	} {
		text := c.text
		if text == `s:4:"";"";` {
			text = `s:3:"";"";`
		}
		v, err := phpvalue.Read([]byte(text))
		if err != nil {
			t.Errorf("Read(%s) = %v", text, err)
			continue
		}
		if got := string(phpvalue.Append(nil, v)); got != text {
			t.Errorf("Append(Read(%s)) = %s", text, got)
		}
		if got, err := phpvalue.JSON(v); err != nil || string(got) != c.json {
			t.Errorf("JSON(%s) = %s, %v, want %s", text, got, err, c.json)
		}
	}
}

func TestRead_refuses(t *testing.T) {
	deep := strings.Repeat("a:1:{i:0;", 65) + "N;" + strings.Repeat("}", 65)
	for text, want := range map[string]error{
		`O:8:"stdClass":0:{}`:                  phpvalue.ErrRefused,
		`a:1:{i:0;O:8:"stdClass":0:{}}`:        phpvalue.ErrRefused,
		`a:2:{i:0;i:1;i:1;R:2;}`:               phpvalue.ErrRefused,
		`a:1:{i:0;r:1;}`:                       phpvalue.ErrRefused,
		`C:3:"Foo":1:{x}`:                      phpvalue.ErrRefused,
		`E:7:"Suit:Up";`:                       phpvalue.ErrRefused,
		deep:                                   phpvalue.ErrDeep,
		"":                                     nil,
		"N":                                    nil,
		"N;N;":                                 nil,
		"i:1":                                  nil,
		"i:+1;":                                nil,
		"i:;":                                  nil,
		"i:99999999999999999999;":              nil,
		"b:2;":                                 nil,
		"d:0x1p4;":                             nil,
		"d:1_0;":                               nil,
		`s:5:"abc";`:                           nil,
		`s:-1:"";`:                             nil,
		`s:9223372036854775807:"";`:            nil,
		"a:4294967295:{}":                      nil,
		"a:-1:{}":                              nil,
		"a:1:{a:0:{}i:1;}":                     nil,
		`S:1:"\41";`:                           nil,
		`a:1:{i:0;i:1;`:                        nil,
		`a:1:{d:1;i:1;}`:                       nil,
		"x:1;":                                 nil,
		`a:1:{s:1:"a"i:1;}`:                    nil,
		many(100_001):                          phpvalue.ErrMany,
		"a:1:{i:0;" + many(100_000) + "}":      phpvalue.ErrMany,
		strings.Repeat("a:999999:{i:0;", 1000): phpvalue.ErrDeep,
	} {
		_, err := phpvalue.Read([]byte(text))
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("Read(%.60s) = %v, want an error (%v)", text, err, want)
		}
	}
}

// many is a list of n numbers.
func many(n int) string {
	var b []byte
	b = phpvalue.Open(b, n)
	for i := range int64(n) {
		b = phpvalue.AppendInt(phpvalue.AppendInt(b, i), 0)
	}
	return string(phpvalue.Close(b))
}

// A list of as many values as may be is read.
func TestRead_many(t *testing.T) {
	if a := read(t, many(100_000)); a.Len() != 100_000 {
		t.Errorf("%d values are read", a.Len())
	}
}

// PHP keeps "7" and 7 under one key, and "07" under another.
func TestKeyOf(t *testing.T) {
	for s, number := range map[string]bool{
		"7": true, "-7": true, "0": true, "9223372036854775807": true,
		"07": false, "-0": false, "+7": false, "7.0": false, "": false, "9223372036854775808": false, "U_7": false,
	} {
		if k := phpvalue.KeyOf(s); k.Word == number {
			t.Errorf("KeyOf(%q) = %+v", s, k)
		}
	}
}

func TestReplace(t *testing.T) {
	for _, c := range []struct{ a, by, want string }{
		{`a:2:{s:4:"name";s:2:"Li";s:1:"n";i:3;}`, `a:1:{s:1:"n";i:4;}`, `a:2:{s:4:"name";s:2:"Li";s:1:"n";i:4;}`},
		{`a:1:{s:1:"a";a:2:{i:0;i:1;i:1;i:2;}}`, `a:2:{s:1:"a";a:1:{i:1;i:9;}s:1:"b";N;}`, `a:2:{s:1:"a";a:2:{i:0;i:1;i:1;i:9;}s:1:"b";N;}`},
		{`a:1:{s:1:"a";i:1;}`, `a:1:{s:1:"a";a:0:{}}`, `a:1:{s:1:"a";a:0:{}}`},
		{`a:1:{s:1:"a";a:1:{i:0;i:1;}}`, `a:1:{s:1:"a";N;}`, `a:1:{s:1:"a";N;}`},
	} {
		a, by := read(t, c.a), read(t, c.by)
		a.Replace(by)
		if got := string(phpvalue.Append(nil, a)); got != c.want {
			t.Errorf("%s replaced by %s = %s, want %s", c.a, c.by, got, c.want)
		}
	}
}

func read(t *testing.T, text string) *phpvalue.Array {
	t.Helper()
	v, err := phpvalue.Read([]byte(text))
	a, ok := v.(*phpvalue.Array)
	if err != nil || !ok {
		t.Fatalf("Read(%s) = %v, %v", text, v, err)
	}
	return a
}

// What is read is written so that it is read again as the same.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"N;", "b:1;", "i:-5;", "d:1.0E+25;", "d:-INF;", `s:3:"a"b";`, `a:2:{s:1:"1";i:1;i:1;i:2;}`,
		`a:2:{s:4:"name";s:2:"Li";s:1:"n";a:1:{i:0;N;}}`, `O:1:"A":0:{}`, "a:99999999:{",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := phpvalue.Read(data)
		if err != nil {
			return
		}
		once := phpvalue.Append(nil, v)
		again, err := phpvalue.Read(once)
		if err != nil {
			t.Fatalf("%q was read, and %q, its writing, is not: %v", data, once, err)
		}
		if twice := phpvalue.Append(nil, again); string(once) != string(twice) {
			t.Fatalf("%q becomes %q, then %q", data, once, twice)
		}
		_, _ = phpvalue.JSON(v) // it may refuse, and never panics
	})
}
