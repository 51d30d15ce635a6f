package theme

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the formats whose size image.DecodeConfig tells
	_ "image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// How large the files may be. A page should be there at once, also on a telephone.
const (
	maxLogo       = 256 << 10
	maxFavicon    = 64 << 10
	maxBackground = 1 << 20
	maxCSS        = 128 << 10
	maxTemplate   = 128 << 10
	maxSide       = 8192 // pixels: what is larger costs a browser hundreds of megabytes to show
)

// File is a file that browsers are served.
type File struct {
	Name          string // as in its URL: logo.svg
	Content       []byte
	Width, Height int // pixels, as far as they are known
}

// extension tells the format of a picture by its content. What its name says counts for nothing: browsers go by the type that we send.
func extension(content []byte) string {
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return ".png"
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return ".jpg"
	case len(content) > 16 && string(content[:4]) == "RIFF" && string(content[8:12]) == "WEBP":
		return ".webp"
	case bytes.HasPrefix(content, []byte{0, 0, 1, 0}):
		return ".ico"
	case root(content).Name == (xml.Name{Space: "http://www.w3.org/2000/svg", Local: "svg"}):
		return ".svg"
	}
	return ""
}

// root is the outermost element of an XML file.
func root(content []byte) xml.StartElement {
	d := xml.NewDecoder(bytes.NewReader(content))
	d.Strict = false // entities of a drawing program's own are the browser's business
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		token, err := d.Token()
		if err != nil {
			return xml.StartElement{}
		}
		if start, ok := token.(xml.StartElement); ok {
			return start
		}
	}
}

// picture reads a picture of one of the formats and names it.
func picture(file, name string, most int64, formats ...string) (File, error) {
	content, err := read(file, most)
	if err != nil {
		return File{}, err
	}
	kind := extension(content)
	if kind == "" || !strings.Contains(strings.Join(formats, " "), kind) {
		return File{}, fmt.Errorf("%s is not a picture of a kind that is taken here; it may be %s", quoted(file), strings.Join(formats, ", "))
	}
	f := File{Name: name + kind, Content: content}
	f.Width, f.Height = size(kind, content)
	if f.Width == 0 && (kind == ".png" || kind == ".jpg") {
		return File{}, fmt.Errorf("%s is broken: not even its size can be read", quoted(file))
	}
	if f.Width > maxSide || f.Height > maxSide {
		return File{}, fmt.Errorf("%s has %d × %d pixels; it may have %d on each side", quoted(file), f.Width, f.Height, maxSide)
	}
	return f, nil
}

// size lets a page keep the room for a picture before it has arrived. 0, 0: not known.
func size(kind string, content []byte) (width, height int) {
	switch kind {
	case ".png", ".jpg":
		if c, _, err := image.DecodeConfig(bytes.NewReader(content)); err == nil {
			return c.Width, c.Height
		}
	case ".webp":
		return webpSize(content)
	case ".svg":
		return svgSize(root(content))
	}
	return 0, 0
}

// webpSize reads the first chunk, which is of one of three kinds (RFC 9649).
func webpSize(b []byte) (width, height int) {
	if len(b) < 30 {
		return 0, 0
	}
	switch string(b[12:16]) {
	case "VP8X":
		three := func(at int) int { return 1 + int(b[at]) + int(b[at+1])<<8 + int(b[at+2])<<16 }
		return three(24), three(27)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff)
	case "VP8 ":
		return int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	}
	return 0, 0
}

// svgSize takes the shape of the viewBox, or width and height in pixels.
func svgSize(svg xml.StartElement) (width, height int) {
	attributes := map[string]string{}
	for _, a := range svg.Attr {
		attributes[a.Name.Local] = a.Value
	}
	sides := []string{attributes["width"], attributes["height"]}
	if box := strings.FieldsFunc(attributes["viewBox"], func(r rune) bool { return r == ' ' || r == ',' }); len(box) == 4 {
		sides = box[2:]
	}
	w, errW := strconv.ParseFloat(strings.TrimSuffix(sides[0], "px"), 64)
	h, errH := strconv.ParseFloat(strings.TrimSuffix(sides[1], "px"), 64)
	if errW != nil || errH != nil || !(w > 0 && h > 0 && w < 1e6 && h < 1e6) {
		return 0, 0
	}
	scale := 1.0 // of a vector drawing the proportion is all that matters, and it must not be lost by rounding
	for min(w, h)*scale < 64 && max(w, h)*scale < 1024 {
		scale *= 2
	}
	for max(w, h)*scale > maxSide {
		scale /= 2
	}
	return max(1, int(w*scale+0.5)), max(1, int(h*scale+0.5))
}

// read reads a regular file of at most so many bytes.
func read(file string, most int64) ([]byte, error) {
	return regular(file, file, most, os.Stat, os.Open)
}

// regular is read for files that are looked up in another way, by a name that is not the one to show. What is too large is never held whole: by its
// size it is not opened, and where it grows meanwhile it is not read to its end.
func regular(file, name string, most int64, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) ([]byte, error) {
	info, err := stat(name)
	switch {
	case err != nil:
		return checked(file, nil, err, most)
	case !info.Mode().IsRegular(): // opening a pipe would wait for ever
		return nil, fmt.Errorf("%s is not a file", quoted(file))
	case info.Size() > most:
		return nil, tooLarge(file, info.Size(), most)
	}
	f, err := open(name)
	if err != nil {
		return checked(file, nil, err, most)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	return checked(file, content, err, most)
}

func tooLarge(file string, size, most int64) error {
	return fmt.Errorf("%s has %d KiB; it may have %d", quoted(file), (size+1023)>>10, most>>10)
}

func checked(file string, content []byte, err error, most int64) ([]byte, error) {
	if found, ok := errors.AsType[*fs.PathError](err); ok {
		err = found.Err
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", quoted(file), err)
	case len(content) == 0:
		return nil, fmt.Errorf("%s is empty", quoted(file))
	case int64(len(content)) > most:
		return nil, tooLarge(file, int64(len(content)), most)
	}
	return content, nil
}

// readText is read for what must be text.
func readText(file string, most int64) (string, error) {
	content, err := read(file, most)
	if err == nil && !isText(content) {
		err = fmt.Errorf("%s is not text in UTF-8", quoted(file))
	}
	return string(content), err
}

func isText(content []byte) bool { return utf8.Valid(content) && !bytes.ContainsRune(content, 0) }

// Template is a template of the site's own.
type Template struct {
	Name string // login.html, parts/brand.html
	Path string // the whole path, for messages
	Text string
}

const maxTemplates = 200

// templates reads all files of a folder that end in .html, and of the folder parts in it. Nothing outside of it is read, whatever links lead
// there: os.Root sees to it. Hidden files are left alone, like the folders that Kubernetes keeps beside what it mounts.
func templates(folder string) (all []Template, problems []error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		_, err = checked(folder, nil, err, 0)
		return nil, []error{err}
	}
	defer root.Close() //nolint:errcheck // it was only read
	for _, pattern := range []string{"*.html", "parts/*.html"} {
		names, err := fs.Glob(root.FS(), pattern)
		if err != nil {
			return nil, []error{err}
		}
		for _, name := range names {
			if strings.HasPrefix(path.Base(name), ".") {
				continue
			}
			one, err := template(root, folder, name)
			if err != nil {
				problems = append(problems, err)
				continue
			}
			all = append(all, one)
		}
	}
	switch {
	case len(all) > maxTemplates:
		return nil, []error{fmt.Errorf("%s has far more templates than there are pages", quoted(folder))}
	case len(all) == 0 && len(problems) == 0:
		return nil, []error{fmt.Errorf("%s has no templates; `gatehouse theme export` writes some to begin with", quoted(folder))}
	}
	return all, problems
}

func template(root *os.Root, folder, name string) (Template, error) {
	full := path.Join(folder, name)
	content, err := regular(full, name, maxTemplate, root.Stat, root.Open)
	if err != nil {
		return Template{}, err
	}
	if !isText(content) {
		return Template{}, fmt.Errorf("%s is not text in UTF-8", quoted(full))
	}
	return Template{name, full, string(content)}, nil
}

func quoted(text string) string { return "«" + text + "»" }
