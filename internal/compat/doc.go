// Package compat is the door for the pages of the PHP chat that Haggle replaces:
// a shop's own chat on GatewayWorker and ThinkPHP, of which there are many alike.
// Its frames, endpoints, field names and status codes are kept; what was wrong
// with it is not. docs/migrate-from-php.md is its contract with shops.
//
// A Server holds the old pages' sockets. Whoever opens one is known by the cookie
// haggle_token, and the page has to say by a POST that the socket is its own before
// any message goes there. Sockets only listen: everything that is said comes in
// over HTTP, with a token, and goes the way of all messages, through chat.Service.
//
// An Endpoints serves those requests, under /push/push/.
//
// Nothing is pushed from memory alone: each socket knows up to where it has told
// a conversation, an event only says that there is more, and what there is comes
// from the event or else from the store, in order. So a lost event, a slow reader or
// a page that was away differ in nothing but when they are told. What counts as
// delivered is what was followed by an answered ping, as the old pages answer
// nothing else.
package compat
