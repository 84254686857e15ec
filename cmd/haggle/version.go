package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker, see the Makefile.
var version string

type versionCommand struct{}

// Run prints what runs, and what it was built with.
func (versionCommand) Run() error {
	_, err := fmt.Printf("haggle %s (%s, %s/%s)\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// versionText returns the version: the release's, else the commit's.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
