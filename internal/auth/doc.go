// Package auth says who somebody is: it verifies the marketplace's tokens and
// the server's own, the API key of the shop's backend and one-time login codes.
//
// The marketplace vouches for a person with a JWT of at most 24 hours. The
// server hands out two kinds of its own: a cookie for a browser, which lives as
// long as the word it came from, and short-lived access tokens for the page's
// script. Both carry the time of the original word, so that revoking it ends
// them too.
package auth
