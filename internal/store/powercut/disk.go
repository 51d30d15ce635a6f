package powercut

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3/vfs"
)

// Disk is the memory of what was written and what was synced. Files are known by their names without the directory.
type Disk struct {
	name string

	mu   sync.Mutex
	luck *rand.Rand
	now  map[string]*content // as the running program sees the directory
	kept map[string]*content // as it was when the directory was last synced
	left int                 // operations until the power goes; negative: it stays
	off  bool

	checkpoints atomic.Int64
}

// content is one file: what is on disk for sure, and what happened to it since.
type content struct {
	synced []byte
	since  []change
}

// change is a write, or with cut set a truncation to the offset.
type change struct {
	at   int64
	data []byte
	cut  bool
}

var disks atomic.Int64

// New is an empty disk with its power on. The seed decides what survives.
func New(seed uint64) *Disk {
	d := &Disk{
		name: fmt.Sprintf("powercut-%d", disks.Add(1)), luck: rand.New(rand.NewPCG(seed, 0)), left: -1,
		now: map[string]*content{}, kept: map[string]*content{},
	}
	vfs.Register(d.name, layer{d})
	return d
}

// Name is what SQLite knows the disk by: the VFS of store.Options.
func (d *Disk) Name() string { return d.name }

// Close takes the disk away.
func (d *Disk) Close() { vfs.Unregister(d.name) }

// CutAfter cuts the power at the n-th write, truncation, removal or sync from now, before that is carried out for good.
func (d *Disk) CutAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = n
}

// Cut cuts the power now, if it is still on.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// Checkpoints is how often SQLite began to move its log into the database: the moments at which the order of writes matters most.
func (d *Disk) Checkpoints() int64 { return d.checkpoints.Load() }

// On tells whether the power is on.
func (d *Disk) On() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.off
}

// Boot turns the power on again: it writes what has survived into an empty directory. Everything that used the disk must be closed.
func (d *Disk) Boot(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		d.forget()
	}
	d.off, d.left = false, -1
	for name, c := range d.now {
		if err := os.WriteFile(filepath.Join(dir, name), c.current(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// forget decides what has survived. How likely each change is to be there differs from cut to cut: nothing, everything, and all in between.
func (d *Disk) forget() {
	chance := []float64{0, 0.1, 0.5, 0.9, 1}[d.luck.IntN(5)]
	survivors := map[string]*content{}
	names := maps.Clone(d.kept)
	maps.Copy(names, d.now)
	for _, name := range sorted(names) {
		c := d.now[name]
		if c != d.kept[name] && d.luck.Float64() >= chance {
			c = d.kept[name]
		}
		if c != nil {
			survivors[name] = &content{synced: c.survive(d.luck, chance)}
		}
	}
	d.now, d.kept = survivors, maps.Clone(survivors)
}

// current is the file as the running program sees it.
func (c *content) current() []byte {
	data := append([]byte(nil), c.synced...)
	for _, x := range c.since {
		data = x.apply(data)
	}
	return data
}

const sector = 512

// survive is what a cut leaves of the file.
func (c *content) survive(luck *rand.Rand, chance float64) []byte {
	data := append([]byte(nil), c.synced...)
	for _, x := range c.since {
		switch {
		case x.cut || luck.IntN(4) > 0: // as a whole or not at all
			if luck.Float64() < chance {
				data = x.apply(data)
			}
		default: // torn
			for from := 0; from < len(x.data); {
				to := min(len(x.data), from+sector-int((x.at+int64(from))%sector))
				if luck.Float64() < chance {
					data = change{at: x.at + int64(from), data: x.data[from:to]}.apply(data)
				}
				from = to
			}
		}
	}
	return data
}

func (x change) apply(data []byte) []byte {
	end := x.at + int64(len(x.data))
	if missing := end - int64(len(data)); missing > 0 {
		data = append(data, make([]byte, missing)...) // a hole reads as zeros
	}
	if x.cut {
		return data[:x.at]
	}
	copy(data[x.at:], x.data)
	return data
}
