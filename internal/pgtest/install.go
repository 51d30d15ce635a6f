package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// installation is where PostgreSQL's programs are and who may run them.
type installation struct {
	bin  string
	user *syscall.Credential // nil: whoever runs the tests
	temp string              // where directories can be made that this user reaches
}

func findInstallation() (*installation, error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	in := &installation{bin: bin, temp: os.TempDir()}
	if os.Getuid() != 0 {
		return in, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, errors.New("PostgreSQL refuses to run as root and there is no user postgres to run it as: make test installs the Debian package that makes one")
	}
	in.user, err = credential(u)
	// root's TMPDIR may be closed to everybody else.
	in.temp = "/tmp"
	return in, err
}

// findBinaries prefers Debian's directories, newest version first: there initdb is not in the PATH.
func findBinaries() (string, error) {
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	newest, best := 0, ""
	for _, p := range debian {
		dir := filepath.Dir(p)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && version > newest {
			newest, best = version, dir
		}
	}
	if best != "" {
		return best, nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", errors.New("PostgreSQL is not installed: make test installs it, on Debian apt-get install postgresql does too")
}

func credential(u *user.User) (*syscall.Credential, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// command runs a program as the right user, from a directory that this user can be in, and without the developer's own PG… variables.
func (in *installation) command(dir, program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: in.user}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") {
			c.Env = append(c.Env, v)
		}
	}
	return c
}
