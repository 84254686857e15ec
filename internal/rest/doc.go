// Package rest is the HTTP API: what a page or a program asks for on behalf of a
// buyer or an agent, what the shop's backend tells, and the ways to sign in. Its
// OpenAPI document is made from the code that serves it.
//
// Every failure has one shape, see StatusError, and every answer an X-Request-Id.
package rest
