package message

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// What a folder of texts may be. More is a folder that was meant for something else.
const (
	maxFiles = 200
	maxSlips = 100 // who has more of them has one mistake, many times
)

// With is the catalogue with a site's own texts over ours: a file <tag>.yaml for each language, of ours or new. The folder's name is for the
// messages. What is wrong is told altogether; then there is no catalogue.
func (c *Catalog) With(folder fs.FS, name string) (*Catalog, []Slip) {
	o := c.readOwn(folder, name)
	if len(o.slips) > 0 {
		return nil, o.slips
	}
	return catalogOf(o.texts), nil
}

// Review is what a file of a site's own texts comes to.
type Review struct {
	File, Lang string
	Texts      int      // how many it has
	Missing    []string // keys for which English is shown
}

// Review looks at a folder as [Catalog.With] does, and tells of each file what it comes to, whatever is wrong elsewhere.
func (c *Catalog) Review(folder fs.FS, name string) ([]Review, []Slip) {
	o := c.readOwn(folder, name)
	with := catalogOf(o.texts)
	for i := range o.files {
		o.files[i].Missing = with.Missing(o.files[i].Lang)
	}
	return o.files, o.slips
}

func (c *Catalog) readOwn(folder fs.FS, name string) *own {
	o := &own{catalog: c, folder: folder, name: strings.TrimSuffix(name, "/"), texts: map[string]map[string]string{}}
	for lang, one := range c.spoken {
		o.texts[lang] = maps.Clone(one.texts)
	}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		o.slip("", 0, "the folder cannot be read: "+reason(err))
	}
	files := 0
	for _, entry := range entries {
		tag, isTexts := strings.CutSuffix(entry.Name(), ".yaml")
		if short, almost := strings.CutSuffix(entry.Name(), ".yml"); almost {
			o.slip(entry.Name(), 0, "is not read; call it "+short+".yaml")
		}
		if !isTexts || strings.HasPrefix(tag, ".") {
			continue
		}
		if files++; files > maxFiles {
			o.slip("", 0, fmt.Sprintf("there are more than %d files of texts", maxFiles))
			break
		}
		o.read(entry.Name(), tag)
	}
	return o
}

// own puts the files of a site over ours.
type own struct {
	catalog *Catalog
	folder  fs.FS
	name    string
	texts   map[string]map[string]string
	files   []Review
	slips   []Slip
}

func (o *own) slip(file string, line int, message string) {
	if file != "" {
		file = "/" + file
	}
	o.slips = append(o.slips, Slip{o.name + file, line, message})
}

func (o *own) read(file, tag string) {
	if wrong := WrongTag(tag); wrong != "" {
		o.slip(file, 0, wrong)
		return
	}
	data, err := readStart(o.folder, file)
	if err != nil {
		o.slip(file, 0, "cannot be read: "+reason(err))
		return
	}
	before := len(o.slips)
	lines, wrong := readLines(data)
	o.files = append(o.files, Review{File: o.name + "/" + file, Lang: tag, Texts: len(lines)})
	texts, isOurs := o.texts[tag]
	if !isOurs {
		texts = map[string]string{}
		o.texts[tag] = texts
	}
	for _, l := range lines {
		if why := o.catalog.wrong(tag, l.key, l.text); why != "" {
			wrong = append(wrong, line{l.number, "", why})
		}
		texts[l.key] = l.text
		if len(wrong) > maxSlips {
			break
		}
	}
	slices.SortStableFunc(wrong, func(a, b line) int { return a.number - b.number })
	for i, w := range wrong {
		if i == maxSlips {
			o.slip(file, w.number, "and there is more of the kind below")
			return
		}
		o.slip(file, w.number, w.text)
	}
	if len(o.slips) == before {
		o.whole(file, tag, texts, isOurs)
	}
}

// whole looks at what no line shows: what is missing.
func (o *own) whole(file, tag string, texts map[string]string, isOurs bool) {
	if _, named := texts["page.language"]; !named && !isOurs {
		o.slip(file, 0, "needs page.language, what the language calls itself, so that people find it")
	}
	if lacking := incomplete(tag, texts); len(lacking) > 0 {
		o.slip(file, 0, "lacks "+strings.Join(lacking, ", ")+": a text that counts needs all forms of "+tag)
	}
}

// WrongTag says what is wrong with the name of a file of texts, without its ending; empty: nothing.
func WrongTag(tag string) string {
	const example = "; files are called by BCP 47 tags, like fr.yaml or pt-BR.yaml"
	parsed, err := language.Parse(tag)
	if _, sure := parsed.Base(); err != nil || len(tag) > 35 || sure == language.No || parsed.IsRoot() || strings.HasPrefix(tag, "und") {
		return "is not called by a language that is known" + example
	}
	if parsed.String() != tag {
		return "is to be called " + parsed.String() + ".yaml" + example
	}
	return ""
}

// readStart reads a file, but no more of it than shows that it is too long.
func readStart(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would wait for ever
		return nil, errors.New("it is no file")
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, maxFile+1))
}

// reason is an error without the path, which the message has.
func reason(err error) string {
	if found, ok := errors.AsType[*fs.PathError](err); ok {
		err = found.Err
	}
	return err.Error()
}
