package mail

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"strings"

	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// ErrRefused says that a mail will never be taken, so that there is no use in trying again: the mail server refused its recipient or its
// content for good, or we did.
var ErrRefused = errors.New("mail refused for good")

// Message is a mail that is ready to be sent.
type Message struct {
	ID      string // of the outbox row; the Message-ID is made of it
	To      string // one plain address
	From    string // with the site's name, as it stands in the header
	Subject string
	Text    string
	HTML    string
}

// Renderer writes mails. All fields but SupportURL are required.
type Renderer struct {
	Texts      *message.Catalog
	SiteName   string
	SupportURL string // https, http or mailto; may be empty
	From       string // one plain address
	Look       Look
}

// Look is a site's own look. What is empty is ours.
type Look struct {
	Accent, OnAccent         string // colours of links and buttons, and of the labels on them, as #rrggbb
	AccentDark, OnAccentDark string // the same where the reader's program shows mails dark
	Logo, LogoAlt            string // URL of a picture in place of the site's name, and what it says
	LogoWidth, LogoHeight    int    // pixels
}

// orOurs fills in what a site does not have of its own.
func (l Look) orOurs() Look {
	return Look{
		Accent: cmp.Or(l.Accent, "#1a56c4"), OnAccent: cmp.Or(l.OnAccent, "#ffffff"),
		AccentDark: cmp.Or(l.AccentDark, "#8ab4f8"), OnAccentDark: cmp.Or(l.OnAccentDark, "#10151c"),
		Logo: l.Logo, LogoAlt: l.LogoAlt, LogoWidth: l.LogoWidth, LogoHeight: l.LogoHeight,
	}
}

//go:embed layout.html
var layoutSource string

var layout = template.Must(template.New("layout").Parse(layoutSource))

// content is what the layout shows and the text part says.
type content struct {
	Lang, Dir, Subject, Site, Heading, Greeting, Intro string
	ButtonLabel, ButtonLink, Fallback, Lasts           string
	Details                                            []string
	Outro                                              string
	SecondIntro, SecondLabel, SecondLink               string
	SentTo, SupportLabel, SupportURL                   string
	Look                                               Look
}

// Render writes the mail of a kind to an address, in a language (BCP 47) as far as there are texts in it. Its errors wrap [ErrRefused] when
// the recipient is not one plain address; others say that something is missing.
func (r *Renderer) Render(kind Kind, to, lang string, d Data) (Message, error) {
	l, ok := letters[kind]
	if !ok {
		return Message{}, fmt.Errorf("there is no mail of the kind %q", kind)
	}
	if _, err := plain(to); err != nil {
		return Message{}, fmt.Errorf("%w: the recipient is %w", ErrRefused, err)
	}
	c := r.content(kind, l, to, lang, d)
	if c.ButtonLabel != "" && c.ButtonLink == "" {
		return Message{}, fmt.Errorf("a mail of the kind %q needs a link", kind)
	}
	if !oneLine(c.Subject) || !oneLine(r.From) {
		return Message{}, errors.New("the site's name or the sender does not fit on one line")
	}
	var html strings.Builder
	if err := layout.Execute(&html, c); err != nil {
		return Message{}, fmt.Errorf("mail layout: %w", err)
	}
	from := mail.Address{Name: r.SiteName, Address: r.From}
	return Message{To: to, From: from.String(), Subject: c.Subject, Text: c.text(), HTML: html.String()}, nil
}

func (r *Renderer) content(kind Kind, l letter, to, lang string, d Data) content {
	lang = r.Texts.Match("", lang)
	say := func(key string) string {
		return r.Texts.Text(lang, key, map[string]any{
			"site": r.SiteName, "name": linkless(d.Name), "address": to, "valid": d.Valid, "at": d.At, "device": linkless(d.Device), "new": d.NewAddress, "tries": d.Tries, "places": d.Places,
		})
	}
	about := func(part string) string { return say("mail." + string(kind) + "." + part) }
	c := content{
		Look: r.Look.orOurs(), Lang: lang, Dir: r.Texts.Dir(lang), Site: r.SiteName, Subject: about("subject"), Heading: about("heading"), Intro: about("intro"), Outro: about("outro"),
		Greeting: say("mail.greeting"), SentTo: say("mail.sent_to"), ButtonLink: l.button(d), SecondLink: l.second(d),
	}
	if !l.stranger && linkless(d.Name) != "" {
		c.Greeting = say("mail.greeting_name")
	}
	if r.Texts.Has(message.Fallback, "mail."+string(kind)+".button") {
		c.ButtonLabel, c.Fallback = about("button"), say("mail.fallback")
	}
	if c.SecondLink != "" {
		c.SecondIntro, c.SecondLabel = about("second_intro"), about("second")
	}
	if d.Valid > 0 {
		c.Lasts = say("mail.lasts")
	}
	if r.SupportURL != "" {
		c.SupportLabel, c.SupportURL = say("mail.support"), r.SupportURL
	}
	for _, line := range []struct {
		known bool
		key   string
	}{
		{d.NewAddress != "", "mail.new_address"}, {l.details && !d.At.IsZero(), "mail.at"}, {l.details && linkless(d.Device) != "", "mail.device"},
	} {
		if line.known {
			c.Details = append(c.Details, say(line.key))
		}
	}
	return c
}

// text is the plain text part. Links stand alone on their line, so that no program breaks them.
func (c content) text() string {
	var b strings.Builder
	paragraph := func(lines ...string) {
		said := strings.TrimSpace(strings.Join(lines, "\n"))
		if said != "" {
			b.WriteString(said + "\n\n")
		}
	}
	paragraph(c.Greeting)
	paragraph(c.Intro)
	if c.ButtonLabel != "" {
		paragraph(c.ButtonLabel+":", c.ButtonLink)
	}
	paragraph(c.Lasts)
	paragraph(c.Details...)
	paragraph(c.Outro)
	if c.SecondLink != "" {
		paragraph(c.SecondIntro+" "+c.SecondLabel+":", c.SecondLink)
	}
	paragraph("-- ", c.SentTo)
	if c.SupportURL != "" {
		paragraph(c.SupportLabel, c.SupportURL)
	}
	return strings.TrimSpace(b.String()) + "\n"
}
