package compat

import "testing"

// Rows of the old table have products without a price: that is not a price of 0.
func TestPriceText(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		want     string
	}{{129900, "CNY", "¥1299.00"}, {5, "USD", "USD 0.05"}, {0, "CNY", ""}} {
		if got := priceText(c.amount, c.currency); got != c.want {
			t.Errorf("%d %s is %q, want %q", c.amount, c.currency, got, c.want)
		}
	}
}
