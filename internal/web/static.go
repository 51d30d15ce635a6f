package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/theme"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

//go:embed static
var staticFiles embed.FS

// asset is a static file; its version is a hash of its content.
type asset struct {
	content []byte
	kind    string
	version string
	packed  func() []byte // the content as gzip, made when it is first asked for; nil: that would save nothing
}

// readAssets reads our files, and adds those of a theme.
func readAssets(themed []theme.File) (map[string]asset, error) {
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	all := map[string]asset{}
	for _, e := range entries {
		content, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		all[e.Name()] = assetOf(e.Name(), content)
	}
	for _, f := range themed {
		all[f.Name] = assetOf(f.Name, f.Content)
	}
	return all, nil
}

func assetOf(name string, content []byte) asset {
	kind := assetKinds[path.Ext(name)]
	a := asset{content: content, kind: kind, version: theme.Version(content)}
	if strings.HasPrefix(kind, "text/") || kind == assetKinds[".svg"] {
		a.packed = sync.OnceValue(func() []byte { return pack(content) })
	}
	return a
}

// pack never fails: it writes to memory, at a level that there is.
func pack(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return b.Bytes()
}

// takesGzip reports whether a client unpacks gzip. A quality of zero forbids it (RFC 9110, 12.4.2).
func takesGzip(r *http.Request) bool {
	for _, one := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(one, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			weight, weighed := strings.CutPrefix(quality, "q=")
			return !weighed || strings.Trim(weight, "0.") != ""
		}
	}
	return false
}

// assetKinds are fixed: what the machine's mime tables say must not decide whether a browser takes our styles.
var assetKinds = map[string]string{
	".css":  "text/css; charset=utf-8",
	".ico":  "image/x-icon",
	".jpg":  "image/jpeg",
	".js":   "text/javascript; charset=utf-8",
	".png":  "image/png",
	".svg":  "image/svg+xml",
	".webp": "image/webp",
}

// drawingPolicy is for SVG, which is a document when it is opened by itself: whatever is in a site's logo, its scripts don't run and it is no part
// of our origin (J-165). Its own styles may be inside it.
const drawingPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// Static serves a file. Who asks for the version that there is may keep it for good; anybody else asks again each time.
func (p *Pages) Static(w http.ResponseWriter, r *http.Request, _ *visit.Visit) error {
	file, ok := p.assets[r.PathValue("file")]
	if !ok {
		return &message.Fault{Code: message.NotFound, Cause: "no_such_file"}
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	if file.kind == assetKinds[".svg"] {
		h.Set("Content-Security-Policy", drawingPolicy)
	}
	h.Set("ETag", `"`+file.version+`"`)
	h.Set("Cache-Control", "public, no-cache")
	if visit.Query(r, "v") == file.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content := file.content
	if file.packed != nil { // only files: a page holds secrets, and its length when packed would tell of them (BREACH)
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			content = file.packed()
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", `"`+file.version+`-gzip"`)
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return nil
}
