package message

import (
	"fmt"
	"time"
)

// Day is a date as people of a language write it: «3 May 2026». In UTC, because the same text goes to people whose zone we don't know. Digits are
// Latin in every language: people compare what they read with an address bar, a log, a clock.
func (c *Catalog) Day(lang string, at time.Time) string {
	year, month, day := at.UTC().Date()
	return c.Text(lang, "date.day", map[string]any{"year": year, "month": c.Text(lang, fmt.Sprintf("date.month.%02d", int(month)), nil), "day": day})
}

// When is a time to the minute: «3 May 2026, 10:02 UTC».
func (c *Catalog) When(lang string, at time.Time) string {
	return c.Text(lang, "date.when", map[string]any{"date": c.Day(lang, at), "time": at.UTC().Format("15:04")})
}

// Span says a length of time as people do: «42 seconds», «1 hour», «24 hours», «7 days»; rounded up.
func (c *Catalog) Span(lang string, d time.Duration) string {
	key, n := "span.seconds", int((d+time.Second-1)/time.Second)
	switch {
	case d >= 48*time.Hour:
		key, n = "span.days", int((d+24*time.Hour-1)/(24*time.Hour))
	case d >= 2*time.Hour, d == time.Hour:
		key, n = "span.hours", int((d+time.Hour-1)/time.Hour)
	case d >= 2*time.Minute, d == time.Minute:
		key, n = "span.minutes", int((d+time.Minute-1)/time.Minute)
	}
	return c.Text(lang, key, map[string]any{"n": n})
}
