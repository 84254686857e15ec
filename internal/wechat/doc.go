// Package wechat speaks to WeChat's servers for a shop's official account: it signs
// for the JS-SDK, by which a page inside WeChat chooses and uploads pictures, and
// fetches what such a page has uploaded.
//
// The formats are those of WeChat's documentation for official accounts: "Get access
// token", "JS-SDK, appendix 1: signature" and "Get temporary material". An error
// comes with HTTP status 200, as JSON with an errcode.
package wechat
