// Package brand makes the chat look like the shop's: from one accent colour it
// derives all colours of the pages that go with it, in light and dark, so that text
// keeps a contrast of 4.5:1 whatever the accent is.
package brand
