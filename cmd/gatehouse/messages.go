package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
	"github.com/gatehouse-auth/gatehouse/internal/server"
)

type messagesCmd struct {
	List  messagesListCmd  `cmd:"" help:"List all texts that people read, with their keys."`
	New   messagesNewCmd   `cmd:"" help:"Write a file to begin a language with, or to say some texts differently."`
	Check messagesCheckCmd `cmd:"" help:"Look at a folder of texts: what is wrong, and what is missing."`
}

type messagesListCmd struct {
	Lang string `placeholder:"TAG" help:"In this language (default: en)."`
}

// Help is shown below the command's one line.
func (messagesListCmd) Help() string {
	return `The texts are as the configured site says them: its own, in the folder that "messages" in gatehouse.yaml (or GATEHOUSE_MESSAGES) names, stand over
those that are built in. What a language lacks is shown in English.`
}

// text is one line of the list.
type text struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// Run lists the texts.
func (c *messagesListCmd) Run(a *app) error {
	settings, err := a.load()
	if err != nil {
		return err
	}
	texts, err := server.Texts(&settings)
	if err != nil {
		return err
	}
	lang := message.Fallback
	if c.Lang != "" {
		known := false
		if lang, known = texts.Known(c.Lang); !known {
			return fmt.Errorf("there are no texts in %s; there are some in %s", printable(c.Lang), strings.Join(texts.Languages(), ", "))
		}
	}
	for _, key := range texts.Wanted(lang) {
		one := text{key, texts.Raw(lang, key)}
		if a.json {
			err = a.object(one)
		} else {
			err = a.say("%s: %s", one.Key, one.Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type messagesNewCmd struct {
	Tag string `arg:"" name:"TAG" help:"The language as a BCP 47 tag, like fr or pt-BR."`
}

// Help is shown below the command's one line.
func (messagesNewCmd) Help() string {
	return `It writes every text as a comment, to be translated one by one; what is not yet is shown in English. Of a language that is built in, it writes
the texts as they are. With --json it writes the form in which languages are built in.

Example:

    mkdir messages
    gatehouse messages new fr > messages/fr.yaml
    gatehouse messages check messages
    gatehouse serve --messages messages`
}

// Run writes the file to stdout.
func (c *messagesNewCmd) Run(a *app) error {
	if wrong := message.WrongTag(c.Tag); wrong != "" {
		return usage("%s %s.", printable(c.Tag), wrong)
	}
	texts, err := message.Load()
	if err != nil {
		return err
	}
	if a.json {
		return a.catalogFile(texts, c.Tag)
	}
	var b strings.Builder
	fmt.Fprintf(&b, beginning, c.Tag, strings.Join(message.Forms(c.Tag), ", "))
	if len(texts.Keys(c.Tag)) == 0 {
		fmt.Fprintf(&b, "\n# What the language calls itself.\npage.language: \"%s\"\n", c.Tag)
	}
	section := ""
	for _, key := range texts.Wanted(c.Tag) {
		if key == "page.language" && len(texts.Keys(c.Tag)) == 0 {
			continue
		}
		if now := sectionOf(key); now != section {
			section = now
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "# %s: %s\n", key, inQuotes(texts.Raw(c.Tag, key)))
	}
	_, err = a.out.Write([]byte(b.String()))
	return err
}

const beginning = `# The texts of Gatehouse in the language %s. Take the "# " away from a line and write your own text into the quotes; a line that stays a comment
# is shown as it is built in. Keep what is in {braces}: it is filled in. Inside the quotes, write \" for a quote and \\ for a backslash.
# Texts that count have these forms: %s.
# Look at your work with: gatehouse messages check FOLDER
`

// sectionOf is what a key is about: the first two words of page.login.title, otherwise the first.
func sectionOf(key string) string {
	parts := strings.SplitN(key, ".", 3)
	if len(parts) == 3 && (parts[0] == "page" || parts[0] == "mail") {
		return parts[0] + "." + parts[1]
	}
	return parts[0]
}

func inQuotes(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// catalogFile writes a language as one file of internal/message/catalogs.
func (a *app) catalogFile(texts *message.Catalog, tag string) error {
	all := map[string]string{}
	for _, key := range texts.Wanted(tag) {
		all[key] = texts.Raw(tag, key)
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(all); err != nil {
		return err
	}
	_, err := a.out.Write(b.Bytes())
	return err
}

type messagesCheckCmd struct {
	Dir string `arg:"" name:"FOLDER" help:"The folder, with a file TAG.yaml for each language."`
}

// Help is shown below the command's one line.
func (messagesCheckCmd) Help() string {
	return `The exit status is 1 if anything is wrong: a server would not start with it. Texts that are missing are told and are nothing wrong: English is shown
for them.`
}

// checked is what there is to say about one file; a slip that belongs to no language has only its place and message.
type checked struct {
	File     string   `json:"file"`
	Language string   `json:"language"`
	Texts    int      `json:"texts"`
	Missing  []string `json:"missing"`
}

type wrongText struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// Run tells about each file, then all that is wrong.
func (c *messagesCheckCmd) Run(a *app) error {
	ours, err := message.Load()
	if err != nil {
		return err
	}
	reviews, slips := ours.Review(os.DirFS(c.Dir), c.Dir)
	for _, r := range reviews {
		if a.json {
			err = a.object(checked{r.File, r.Lang, r.Texts, append([]string{}, r.Missing...)})
		} else {
			err = a.say("%s", reviewed(r))
		}
		if err != nil {
			return err
		}
	}
	for _, s := range slips {
		if a.json {
			err = a.object(wrongText{s.File, s.Line, s.Message})
		} else {
			err = a.say("wrong   %s: %s", printable(s.Source()), printable(s.Message))
		}
		if err != nil {
			return err
		}
	}
	if len(slips) > 0 {
		return errTold
	}
	if len(reviews) == 0 && !a.json {
		return a.say("There is no file TAG.yaml in %s.", printable(c.Dir))
	}
	return nil
}

func reviewed(r message.Review) string {
	const shown = 10
	text := fmt.Sprintf("%-7s %s: %d own texts, %d missing", r.Lang, r.File, r.Texts, len(r.Missing))
	for i, key := range r.Missing {
		if i == shown {
			return text + fmt.Sprintf("\n        and %d more, which are shown in English too; --json lists all", len(r.Missing)-shown)
		}
		text += "\n        " + key + " is shown in English"
	}
	return text
}
