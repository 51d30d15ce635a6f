package main

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

// Run tells what was built, by what and for what.
func (*versionCmd) Run(a *app) error {
	v := version()
	if a.json {
		return a.object(map[string]string{"version": v, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH})
	}
	return a.say("gatehouse %s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the module's version as Go's toolchain wrote it into the program: a tag, or a date and a commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
