// Package demo is a small marketplace to try the chat with. It stands for the
// shop that would be there: it knows the server's address, its API key and the
// secret that tokens are signed with, and nothing else of it. What is for sale
// it tells over the server's HTTP API, and people get into the chat by posting a
// token to it, as from any shop's page.
//
// It is a demo: everybody may be anybody, and nothing is sold.
package demo
