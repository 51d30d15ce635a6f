package config

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Print writes the configuration in the form of the file, with «[secret]» in place of every secret. What is not set is a comment.
func (c Config) Print(w io.Writer) {
	for _, f := range fields {
		if text := f.write(f.in(&c)); text != "" {
			fmt.Fprintf(w, "%s: %s\n", f.Key(), text) //nolint:errcheck // who prints looks at the writer
		} else {
			fmt.Fprintf(w, "# %s is not set\n", f.Key()) //nolint:errcheck // as above
		}
	}
}

// write is the value as YAML; empty when it is not set.
func (f field) write(v reflect.Value) string {
	switch {
	case v.IsZero() && (f.Default == "" || f.List):
		return ""
	case f.Secret:
		return strconv.Quote(f.mask(v))
	case f.Nested:
		return v.Interface().(interface{ yaml() string }).yaml()
	case f.List:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = writeOne(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return writeOne(v)
}

// mask hides all but what is never secret: that a database is SQLite, and where.
func (f field) mask(v reflect.Value) string {
	if path := v.String(); f.Name == "database" && strings.HasPrefix(path, "sqlite:") {
		return path
	}
	return masked
}

func writeOne(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		return strconv.Quote(x)
	case netip.Prefix:
		return strconv.Quote(x.String())
	case time.Duration:
		return writeDuration(x)
	case int64:
		return writeSize(x)
	}
	return fmt.Sprint(v.Interface())
}
