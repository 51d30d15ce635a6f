package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/visit"
)

//go:embed static
var staticFiles embed.FS

// asset is a static file; its version is a hash of its content.
type asset struct {
	content []byte
	kind    string
	version string
}

func readAssets() (map[string]asset, error) {
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
		sum := sha256.Sum256(content)
		all[e.Name()] = asset{content, assetKinds[path.Ext(e.Name())], hex.EncodeToString(sum[:8])}
	}
	return all, nil
}

// assetKinds are fixed: what the machine's mime tables say must not decide whether a browser takes our styles.
var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Static serves a file. Who asks for the version that there is may keep it for good; anybody else asks again each time.
func (p *Pages) Static(w http.ResponseWriter, r *http.Request, _ *visit.Visit) error {
	file, ok := p.assets[r.PathValue("file")]
	if !ok {
		return &message.Fault{Code: message.NotFound, Cause: "no_such_file"}
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("ETag", `"`+file.version+`"`)
	h.Set("Cache-Control", "public, no-cache")
	if visit.Query(r, "v") == file.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
	return nil
}
