package web

import "time"

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
