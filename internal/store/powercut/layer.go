package powercut

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// layer is the disk as SQLite sees it.
type layer struct{ d *Disk }

// system is the layer of the operating system, which keeps the files as the running program sees them.
func system() vfs.VFSFilename { return vfs.Find("").(vfs.VFSFilename) }

// must be remembered: the database, its log and its rollback journal. Temporary files are nobody's after a cut.
const remembered = vfs.OPEN_MAIN_DB | vfs.OPEN_WAL | vfs.OPEN_MAIN_JOURNAL

func (l layer) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	return vfsutil.WrapOpen(system(), name, flags)
}

func (l layer) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	inner, out, err := system().OpenFilename(name, flags)
	if err != nil || name == nil || flags&remembered == 0 {
		return inner, out, err
	}
	base := filepath.Base(name.String())
	c := l.d.now[base]
	if c == nil {
		c = &content{}
		l.d.now[base] = c
	}
	// The system's layer syncs the directory together with the first sync of a log or journal.
	return &file{File: inner, d: l.d, c: c, directory: flags&vfs.OPEN_CREATE != 0 && flags&vfs.OPEN_MAIN_DB == 0}, out, nil
}

func (l layer) Delete(name string, syncDirectory bool) error {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	if l.d.step() {
		return sqlite3.IOERR_DELETE
	}
	err := system().Delete(name, false)
	if err == nil {
		delete(l.d.now, filepath.Base(name))
		if syncDirectory {
			l.d.kept = maps.Clone(l.d.now)
		}
	}
	return err
}

func (l layer) Access(name string, flags vfs.AccessFlag) (bool, error) {
	return system().Access(name, flags)
}

func (l layer) FullPathname(name string) (string, error) { return system().FullPathname(name) }

// step counts an operation and tells whether the power is off.
func (d *Disk) step() (off bool) {
	if d.left > 0 {
		d.left--
	}
	d.off = d.off || d.left == 0
	return d.off
}

// file writes through to the real file and remembers.
type file struct {
	vfs.File
	d         *Disk
	c         *content
	directory bool // not synced yet
}

func (f *file) WriteAt(b []byte, at int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	last := !f.d.off // the write that is under way when the power goes may reach the disk, in part or whole
	off := f.d.step()
	if last {
		f.c.since = append(f.c.since, change{at: at, data: slices.Clone(b)})
	}
	if off {
		return 0, sqlite3.IOERR_WRITE
	}
	return f.File.WriteAt(b, at)
}

func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.step() {
		return sqlite3.IOERR_TRUNCATE
	}
	f.c.since = append(f.c.since, change{at: size, cut: true})
	return f.File.Truncate(size)
}

func (f *file) Sync(vfs.SyncFlag) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.step() {
		return sqlite3.IOERR_FSYNC
	}
	for _, x := range f.c.since {
		f.c.synced = x.apply(f.c.synced)
	}
	f.c.since = nil
	if f.directory {
		f.directory, f.d.kept = false, maps.Clone(f.d.now)
	}
	return nil
}

// DeviceCharacteristics promises nothing that a cut could show to be untrue.
func (f *file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return f.File.DeviceCharacteristics() & (vfs.IOCAP_SUBPAGE_READ | vfs.IOCAP_POWERSAFE_OVERWRITE)
}

func (f *file) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f *file) LockState() vfs.LockLevel       { return vfsutil.WrapLockState(f.File) }
func (f *file) PersistWAL() bool               { return vfsutil.WrapPersistWAL(f.File) }
func (f *file) SetPersistWAL(keep bool)        { vfsutil.WrapSetPersistWAL(f.File, keep) }
func (f *file) PowersafeOverwrite() bool       { return vfsutil.WrapPowersafeOverwrite(f.File) }
func (f *file) SetPowersafeOverwrite(yes bool) { vfsutil.WrapSetPowersafeOverwrite(f.File, yes) }
func (f *file) HasMoved() (bool, error)        { return vfsutil.WrapHasMoved(f.File) }

func (f *file) CheckpointStart() { f.d.checkpoints.Add(1) }
func (f *file) CheckpointDone()  {}

func sorted(names map[string]*content) []string { return slices.Sorted(maps.Keys(names)) }
