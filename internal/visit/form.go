package visit

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gatehouse-auth/gatehouse/internal/message"
)

// BodyLimit is the most that a body may have, forms and JSON alike, in bytes.
const BodyLimit = 64 << 10

// maxFields is more than any form of ours has.
const maxFields = 100

// ReadBody reads a body up to the limit, whatever its length was said to be.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > BodyLimit {
		w.Header().Set("Connection", "close") // what follows is not read
		return nil, &message.Fault{Code: message.TooLarge, Cause: "body_too_large"}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, &message.Fault{Code: message.UnsupportedMediaType, Cause: "content_encoding"} // a few bytes may unpack to gigabytes
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, BodyLimit))
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &message.Fault{Code: message.TooLarge, Cause: "body_too_large", Err: large}
	}
	if err != nil { // cut off half-way, or too slow
		return nil, &message.Fault{Code: message.Malformed, Cause: "body_unreadable", Err: err}
	}
	return body, nil
}

// ReadForm reads the form in a request's body; what is in the query is no part of it, so that a link can't fill in a form. A field that
// comes twice is refused: two readers would take different ones (I-153).
func ReadForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	if !IsType(r, "application/x-www-form-urlencoded") { // multipart would be another reader with another idea of what a field is
		return nil, &message.Fault{Code: message.UnsupportedMediaType, Cause: "not_a_form"}
	}
	body, err := ReadBody(w, r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || len(values) > maxFields {
		return nil, &message.Fault{Code: message.Malformed, Cause: "form_unreadable"} // the error would quote what was typed
	}
	form := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) != 1 {
			return nil, &message.Fault{Code: message.Malformed, Cause: "form_field_twice"}
		}
		if !utf8.ValidString(name) || !utf8.ValidString(all[0]) { // our pages are UTF-8, so browsers send nothing else; JSON is as strict
			return nil, &message.Fault{Code: message.Malformed, Cause: "form_not_utf8"}
		}
		form[name] = all[0]
	}
	return form, nil
}

// IsType reports whether the one Content-Type of a request is a media type, in UTF-8: a body that says to be in something else would be read as
// other than it was meant.
func IsType(r *http.Request, mediaType string) bool {
	all := r.Header.Values("Content-Type")
	if len(all) != 1 {
		return false
	}
	kind, parameters, err := mime.ParseMediaType(all[0])
	charset := parameters["charset"]
	return err == nil && kind == mediaType && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// Query is a parameter of the URL, or empty when it is missing or there more than once.
func Query(r *http.Request, name string) string {
	if all := r.URL.Query()[name]; len(all) == 1 {
		return all[0]
	}
	return ""
}
