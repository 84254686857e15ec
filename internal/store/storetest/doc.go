// Package storetest holds the test that every chat.Store passes: the promises
// written in package chat, each as a case.
package storetest
