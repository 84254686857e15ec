// Package webhook tells the shop's backend what it asked to be told: that a
// message stays unread, so that it can push, text or mail.
//
// A reminder is in the store before anything else happens (chat.ReminderStore). A
// Worker takes those that are due, looks whether they are still true, and posts
// them, signed, to the shop's address, until that says 2xx or a day is over. At
// least once, with the same id: the shop drops what it has seen.
package webhook
