package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
)

const (
	sqliteReaders = 4
	// batchMost bounds how many updates share one commit, and with that how long the first of them waits.
	batchMost = 64
	// lockWait is how long a statement waits for another process that holds the file; then it is 503.
	lockWait = 5 * time.Second
)

func openSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	if path == "" {
		return nil, errors.New("the database path is empty; write --database sqlite:gatehouse.db")
	}
	path, err := realPath(path)
	if err != nil {
		return nil, fmt.Errorf("the folder of the database cannot be used: %w; make it, or name another place with --database", err)
	}
	s := &Store{engine: sqliteEngine, path: path}
	if o.VFS == "" {
		if err := createPrivate(path); err != nil {
			return nil, err
		}
	}
	if o.Server {
		if s.lock, err = takeServerLock(ctx, path); err != nil {
			return nil, err
		}
	}
	if err := s.connect(ctx, o); err != nil {
		if s.lock != nil {
			s.lock.release()
		}
		return nil, err
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, o Options) error {
	w, err := newWriter(ctx, sqliteURL(s.path, o, "immediate"))
	if errors.Is(err, sqlite3.NOTADB) {
		return fmt.Errorf("%s is not a SQLite database; name another file with --database", s.path)
	}
	if err != nil {
		return err
	}
	s.migrateURL = sqliteURL(s.path, o, "immediate")
	// The readers come second: the writer has switched the file to WAL by then.
	s.writer = w
	s.read, err = driver.Open(sqliteURL(s.path, o, "deferred"))
	if err != nil {
		w.close()
		return translate(err)
	}
	s.read.SetMaxOpenConns(sqliteReaders)
	s.read.SetMaxIdleConns(sqliteReaders)
	return nil
}

// createPrivate makes a new database readable by its owner alone before SQLite would make it for everybody. What SQLite puts
// beside it gets the mode of the database: the log by modeof (see sqliteURL), the shared memory here, since nothing sets its mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the database file cannot be opened: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the database file cannot be opened: %w", err)
	}
	shared, err := os.OpenFile(path+"-shm", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the files beside the database cannot be opened: %w", err)
	}
	_ = shared.Chmod(info.Mode().Perm()) // somebody else's is theirs to keep
	return shared.Close()
}

func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return "", err
	}
	full := filepath.Join(dir, filepath.Base(abs))
	if target, err := filepath.EvalSymlinks(full); err == nil {
		return target, nil
	}
	return full, nil
}

func sqliteURL(path string, o Options, txlock string) string {
	sync := o.Synchronous
	if sync == "" {
		sync = "full"
	}
	q := url.Values{"_txlock": {txlock}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", lockWait.Milliseconds()),
		"journal_mode(wal)", "synchronous(" + sync + ")", "foreign_keys(1)", "cache_size(-4096)", "temp_store(memory)",
	}}
	if o.VFS != "" {
		q.Set("vfs", o.VFS)
	} else {
		q.Set("modeof", path)
	}
	// SQLite takes a plus for a plus, not for a space.
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}
	return u.String()
}

// writer commits updates in groups: they run one after the other, each behind a savepoint, and share one fsync. An
// update is answered only after the commit, so what was acknowledged is on disk.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	jobs  chan *job
	ended sync.WaitGroup
	once  sync.Once
	mu    sync.RWMutex
	shut  bool
}

type job struct {
	ctx  context.Context
	fn   func(*Tx) error
	err  error
	done chan struct{}
}

func newWriter(ctx context.Context, dsn string) (*writer, error) {
	db, err := driver.Open(dsn)
	if err != nil {
		return nil, translate(err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err == nil {
		// The first read opens the log and the shared memory. From here on they stay: the last connection that lets go of them removes
		// them, and whoever needs them next would make them with another mode.
		_, err = conn.ExecContext(ctx, "SELECT count(*) FROM sqlite_schema")
	}
	if err != nil {
		_ = db.Close()
		return nil, translate(err)
	}
	w := &writer{db: db, conn: conn, jobs: make(chan *job, batchMost)}
	w.ended.Go(w.loop)
	return w, nil
}

func (w *writer) close() {
	w.once.Do(func() {
		w.mu.Lock()
		w.shut = true
		close(w.jobs)
		w.mu.Unlock()
		w.ended.Wait()
		_ = w.conn.Close()
		_ = w.db.Close()
	})
}

func (w *writer) update(ctx context.Context, fn func(*Tx) error) error {
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	if err := w.submit(ctx, j); err != nil {
		return err
	}
	// Once accepted the answer is awaited: to leave early would be to not know whether it was saved.
	<-j.done
	return j.err
}

func (w *writer) submit(ctx context.Context, j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.shut {
		return fmt.Errorf("%w: closed", ErrUnavailable)
	}
	select {
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

func (w *writer) loop() {
	for first := range w.jobs {
		batch := []*job{first}
		for len(batch) < batchMost {
			select {
			case j, ok := <-w.jobs:
				if ok {
					batch = append(batch, j)
					continue
				}
			default:
			}
			break
		}
		w.commit(batch)
	}
}

// commit runs a batch and answers it. The statements run without the callers' contexts: SQLite answers an interrupt by
// rolling the whole transaction back, and one caller's hang-up must not undo another's update.
func (w *writer) commit(batch []*job) {
	ctx := context.Background()
	begun := w.raw(ctx, "BEGIN IMMEDIATE")
	for _, j := range batch {
		switch {
		case begun != nil:
			j.err = begun
		case j.ctx.Err() != nil:
			j.err = fmt.Errorf("%w: %w", ErrUnavailable, j.ctx.Err())
		default:
			j.err = w.run(ctx, j)
			if w.idle() {
				// A full disk or a failed read makes SQLite roll the whole transaction back, not only to the savepoint. What came
				// before is lost with it; what came after would run without one.
				begun = fmt.Errorf("%w: SQLite has rolled the transaction back", ErrUnavailable)
				fail(batch, begun)
			}
		}
	}
	if begun == nil {
		if err := w.raw(ctx, "COMMIT"); err != nil {
			_ = w.raw(ctx, "ROLLBACK")
			fail(batch, err)
		}
	}
	for _, j := range batch {
		close(j.done)
	}
}

// idle tells whether there is no transaction.
func (w *writer) idle() (none bool) {
	err := w.conn.Raw(func(c any) error {
		none = c.(driver.Conn).Raw().GetAutocommit()
		return nil
	})
	return none || err != nil
}

// fail is the answer to all that would have been told that they are on disk.
func fail(batch []*job, err error) {
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
}

// run does one update behind a savepoint, so that its failure undoes it alone.
func (w *writer) run(ctx context.Context, j *job) (err error) {
	if err := w.raw(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	finished := false
	defer func() {
		if p := recover(); p != nil {
			// The caller's goroutine is another one; a panic here would end the process with every batch-mate's work.
			err = fmt.Errorf("%w: panic in an update: %v", ErrUnavailable, p)
		}
		if !finished || err != nil {
			if back := w.raw(ctx, "ROLLBACK TO one"); back != nil && err == nil {
				err = back
			}
		}
		if release := w.raw(ctx, "RELEASE one"); release != nil && err == nil {
			err = release
		}
	}()
	err = j.fn(&Tx{q: steady{w.conn}})
	finished = true
	return err
}

func (w *writer) raw(ctx context.Context, text string) error {
	_, err := w.conn.ExecContext(ctx, text)
	return translate(err)
}

// steady takes the cancellation off a context; see commit.
type steady struct{ c *sql.Conn }

func (s steady) ExecContext(ctx context.Context, q string, args ...any) (sql.Result, error) {
	return s.c.ExecContext(context.WithoutCancel(ctx), q, args...)
}

func (s steady) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return s.c.QueryContext(context.WithoutCancel(ctx), q, args...)
}

func (s steady) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	return s.c.QueryRowContext(context.WithoutCancel(ctx), q, args...)
}

// serverLock keeps a second server off a SQLite file: each would cache sessions and budgets of its own. It is SQLite's own
// lock on a file beside the database, so it works wherever SQLite works and ends with the process.
type serverLock struct {
	db   *sql.DB
	conn *sql.Conn
}

func takeServerLock(ctx context.Context, path string) (*serverLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600) // others could hold the lock of a file that they can read
	if err != nil {
		return nil, fmt.Errorf("the files beside the database cannot be opened: %w", err)
	}
	_ = f.Close()
	u := url.URL{
		Scheme: "file", Opaque: (&url.URL{Path: path + ".lock"}).EscapedPath(),
		RawQuery: "_pragma=busy_timeout(300)&_pragma=journal_mode(memory)",
	}
	db, err := driver.Open(u.String())
	if err != nil {
		return nil, translate(err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err != nil {
		_ = db.Close()
		if errors.Is(err, sqlite3.BUSY) {
			return nil, fmt.Errorf("another Gatehouse server is already running on %s; stop it, or give this one another --database", path)
		}
		return nil, translate(err)
	}
	return &serverLock{db, conn}, nil
}

// release gives the connection back first: closing the pool alone leaves a connection that is in use open, and the lock held.
func (l *serverLock) release() {
	_ = l.conn.Close()
	_ = l.db.Close()
}
