package compat

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"haggle/internal/chat"
)

func codes(t interface{ Fatal(...any) }) *Codes {
	c, err := NewCodes(bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodes(t *testing.T) {
	c := codes(t)
	code := c.Buyer("V_1", "U_7")
	if uid, err := c.OpenBuyer("V_1", code); err != nil || uid != "U_7" {
		t.Errorf("OpenBuyer = %q, %v", uid, err)
	}
	if !c.IsMine("V_1", c.Mine("V_1")) {
		t.Error("a merchant's own code is not its own")
	}
	if c.Buyer("V_1", "U_7") != code {
		t.Error("a buyer has two codes towards one merchant, so its window is not found")
	}
	for name, forged := range map[string]string{
		"another merchant's": c.Buyer("V_2", "U_7"),
		"a merchant's own":   c.Mine("V_1"),
		"a uid":              "U_7",
		"nothing":            "",
		"its beginning":      code[:len(code)-1],
		"more":               code + "A",
		"another secret's": func() string {
			other, err := NewCodes(bytes.Repeat([]byte{8}, 32))
			if err != nil {
				t.Fatal(err)
			}
			return other.Buyer("V_1", "U_7")
		}(),
	} {
		if uid, err := c.OpenBuyer("V_1", forged); chat.AsError(err).Code != "invalid_code" {
			t.Errorf("%s is taken for %q, %v", name, uid, err)
		}
	}
	if c.IsMine("V_1", c.Mine("V_2")) || c.IsMine("V_1", c.Buyer("V_1", "V_1")) || c.IsMine("V_1", "") {
		t.Error("somebody else's code is taken for the merchant's own")
	}
}

// Whichever character is changed, the code is refused.
func TestCodes_flipped(t *testing.T) {
	c := codes(t)
	rapid.Check(t, func(t *rapid.T) {
		buyer := chat.UID("U_" + rapid.StringMatching(`[A-Za-z0-9._-]{1,64}`).Draw(t, "buyer"))
		code := []byte(c.Buyer("E_9", buyer))
		i := rapid.IntRange(0, len(code)-1).Draw(t, "at")
		code[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if uid, err := c.OpenBuyer("E_9", string(code)); err == nil {
			t.Errorf("%q is taken for %s", code, uid)
		}
	})
}
