package web

import "time"

// tongue is a language that a page can be shown in.
type tongue struct {
	Tag, Dir, Name string // the name is the language's own
	Link           string // this page in it
	Chosen         bool
}

// Tongues are the languages that a page offers, or none where there is no choice. Who is signed in and has chosen one chooses another on the account
// page: it stands before what a browser was told.
func (d *view) Tongues() (all []tongue) {
	tags := d.pages.Texts.Languages()
	if len(tags) < 2 || d.visit.Page == "" {
		return nil
	}
	if user := d.User(); user != nil {
		if _, chosen := d.pages.Texts.Known(user.Locale); chosen {
			return nil
		}
	}
	for _, tag := range tags {
		link := d.onto(d.visit.Page, "lang", tag)
		if d.ReturnTo != "" {
			link = d.onto(link, "return_to", d.ReturnTo)
		}
		all = append(all, tongue{tag, d.pages.Texts.Dir(tag), d.pages.Texts.Name(tag), link, tag == d.visit.Locale})
	}
	return all
}

func (d *view) Lang() string { return d.visit.Locale }

// Dir is the direction in which the language is written.
func (d *view) Dir() string { return d.pages.Texts.Dir(d.visit.Locale) }

// Day is a date as people of the language write it.
func (d *view) Day(at time.Time) string { return d.pages.Texts.Day(d.visit.Locale, at) }

// When is a time to the minute, in UTC.
func (d *view) When(at time.Time) string { return d.pages.Texts.When(d.visit.Locale, at) }

// Ago says how long ago something was, rounded down. Its texts are whole sentences: to put a length of time into «… ago», many languages need
// another case of it.
func (d *view) Ago(at time.Time) (string, error) {
	switch past := d.visit.Now.Sub(at); {
	case past < time.Minute:
		return d.T("page.time.now")
	case past < time.Hour:
		return d.T("page.time.minutes_ago", "n", int(past/time.Minute))
	case past < 48*time.Hour:
		return d.T("page.time.hours_ago", "n", int(past/time.Hour))
	default:
		return d.T("page.time.days_ago", "n", int(past/(24*time.Hour)))
	}
}

// Stamp is a time for machines, as the element time wants it.
func (d *view) Stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
