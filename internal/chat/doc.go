// Package chat is the domain of the server: who may say what to whom, and in
// which order it is read.
//
// It imports the standard library only. What it needs from the outside is
// written here as ports (Store, Bus, Blobs, Limiter) and implemented
// elsewhere.
//
// The one rule everything else rests on: a message exists when Store has
// committed it, and never before. Bus only tells sessions to look.
package chat
