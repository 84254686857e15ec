// Package plain is the buyer's chat without a script: pages that the server draws
// and forms that send, for old devices and for people who like it better. It is a
// transport like any other, on the same chat.Service.
//
// A form is good for the sign-in, the conversation and the message that it was made
// for: its token is signed over them. Its nonce is the message's, so whatever is
// sent twice is there once.
package plain
