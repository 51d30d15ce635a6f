package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"
)

type versionCmd struct{}

// Run tells what was built, by what and for what.
func (*versionCmd) Run(a *app) error {
	built, platform := build(), runtime.GOOS+"/"+runtime.GOARCH
	if a.json {
		return a.object(versionJSON{versionOf(built), commitOf(built), runtime.Version(), platform})
	}
	return a.say("gatehouse %s %s %s", describe(built), runtime.Version(), platform)
}

type versionJSON struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// build is what Go's toolchain wrote into the program.
func build() debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return *info
	}
	return debug.BuildInfo{}
}

func version() string { return versionOf(build()) }

// describe is version and commit. A version that Go has made of a date and a commit says both already.
func describe(b debug.BuildInfo) string {
	v, c := versionOf(b), commitOf(b)
	if hash, _, _ := strings.Cut(c, "+"); !strings.Contains(v, hash) {
		v += " commit " + c
	}
	return v
}

// versionOf is the module's version: a tag, or a date and a commit. It is not known where the toolchain was not asked to look at the
// repository, and in a checkout without tags that it can count from.
func versionOf(b debug.BuildInfo) string { return cmp.Or(b.Main.Version, "(devel)") }

// commitOf is the commit that was built, and whether anything was changed since; empty where the toolchain did not look.
func commitOf(b debug.BuildInfo) string {
	const short = 12 // as in Go's own versions
	commit, changes := "", ""
	for _, s := range b.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(short, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changes = "+changes"
		}
	}
	if commit == "" {
		return ""
	}
	return commit + changes
}
