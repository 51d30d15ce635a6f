package mail

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func letterTo(to string) Message {
	return Message{ID: "11111111-2222-4333-8444-555555555555", To: to, From: `"Site" <login@site.example>`, Subject: "Hello", Text: "text\n", HTML: "<p>html</p>\n"}
}

// parts reads a mail as a mail program does.
func parts(t *testing.T, raw string) (mail.Header, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, found
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		found[kind] = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

func TestMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		server := (&mailServer{tlsAtOnce: atOnce}).start(t)
		sent := letterTo("anna@reader.example")
		sent.From = (&mail.Address{Name: "Gärtnerei «Ölmühle»", Address: "login@site.example"}).String()
		sent.Subject = "Bestätige deine Adresse für Gärtnerei «Ölmühle» " + strings.Repeat("und noch ein Wort ", 10)
		sent.Text = "Grüße 🌱\n.\n..\n.leading dot\nFrom here\n" + strings.Repeat("a very long line ", 200) + "\nhttps://site.example/verify?token=" + strings.Repeat("x", 100) + "=\n"
		sent.HTML = "<p>Grüße 🌱</p>\n.\n" + strings.Repeat("ü", 3000) + "\n"
		if err := server.sender(t).Send(t.Context(), sent); err != nil {
			t.Fatal(err)
		}
		took := server.took()
		if len(took) != 1 || took[0].from != "login@site.example" || strings.Join(took[0].to, " ") != "anna@reader.example" {
			t.Fatalf("envelope: %+v", took)
		}
		header, body := parts(t, took[0].raw)
		if body["text/plain"] != sent.Text || body["text/html"] != sent.HTML {
			t.Errorf("the parts differ:\n%q\n%q", body["text/plain"], body["text/html"])
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
		if err != nil || subject != sent.Subject {
			t.Errorf("subject %q, %v", subject, err)
		}
		from, err := header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Name != "Gärtnerei «Ölmühle»" || from[0].Address != "login@site.example" {
			t.Errorf("from %v, %v", from, err)
		}
		for name, want := range map[string]string{
			"Message-Id": "<" + sent.ID + "@site.example>", "To": "<anna@reader.example>", "Auto-Submitted": "auto-generated", "User-Agent": "", "Bcc": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if _, err := header.Date(); err != nil {
			t.Error(err)
		}
	}
}

func TestDomainBeyondASCIIIsEncoded(t *testing.T) {
	t.Parallel()
	server := (&mailServer{}).start(t)
	if err := server.sender(t).Send(t.Context(), letterTo("Anna.B+x@Bücher.example")); err != nil {
		t.Fatal(err)
	}
	if to := server.took()[0].to; len(to) != 1 || to[0] != "Anna.B+x@xn--bcher-kva.example" {
		t.Error(to)
	}
}

func TestPasswordIsSentOnlyWhenTheLineIsEncrypted(t *testing.T) {
	t.Parallel()
	server := (&mailServer{user: "user", password: "s3cret-p4ss"}).start(t)
	if err := server.sender(t).Send(t.Context(), letterTo("anna@reader.example")); err != nil {
		t.Fatal(err)
	}
	if _, logins := server.asked(); logins != 1 || len(server.took()) != 1 {
		t.Error("logins:", logins)
	}
	wrong := server.sender(t)
	wrong.password = "wr0ng-p4ss"
	err := wrong.Send(t.Context(), letterTo("anna@reader.example"))
	// The operator's mistake must not cost the mail.
	if err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "wr0ng") {
		t.Error(err)
	}

	open := (&mailServer{user: "user", password: "s3cret-p4ss", plaintext: true}).start(t)
	err = open.sender(t).Send(t.Context(), letterTo("anna@reader.example"))
	if err == nil || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "offers no STARTTLS") {
		t.Error(err)
	}
	if _, logins := open.asked(); logins != 0 || len(open.took()) != 0 {
		t.Error("something was sent in the clear")
	}
}

func TestForeignCertificateIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, atOnce := range []bool{false, true} {
		server := (&mailServer{tlsAtOnce: atOnce, user: "u", password: "p"}).start(t)
		s := server.sender(t)
		_, s.roots = certificate(t)
		err := s.Send(t.Context(), letterTo("anna@reader.example"))
		if err == nil || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "certificate") {
			t.Error(err)
		}
		if _, logins := server.asked(); logins != 0 || len(server.took()) != 0 {
			t.Error("a server with a foreign certificate got something")
		}
	}
}

func TestRefusalsAreFinalOnlyAboutRecipientAndContent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *mailServer
		final  bool
	}{
		"recipient for now":   {&mailServer{onRcpt: func(string) error { return reply(451, "greylisted, come back later") }}, false},
		"recipient for good":  {&mailServer{onRcpt: func(string) error { return reply(550, "no such user") }}, true},
		"content for now":     {&mailServer{onData: func(*smtp.Conn, io.Reader) error { return reply(452, "disk full") }}, false},
		"content for good":    {&mailServer{onData: func(*smtp.Conn, io.Reader) error { return reply(554, "spam") }}, true},
		"sender for good":     {&mailServer{onMail: func() error { return reply(553, "sender not allowed") }}, false},
		"hangs up in a mail":  {&mailServer{onData: cut}, false},
		"too busy for anyone": {&mailServer{onMail: func() error { return reply(421, "too many connections") }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.server.start(t)
			err := server.sender(t).Send(t.Context(), letterTo("anna@reader.example"))
			if err == nil || errors.Is(err, ErrRefused) != c.final {
				t.Error(err)
			}
			if len(server.took()) != 0 {
				t.Error("the server has the mail")
			}
		})
	}
}

func TestMailThatWasPutOffIsTakenTheNextTime(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	server := (&mailServer{onRcpt: func(string) error {
		if tries.Add(1) == 1 {
			return reply(450, "try again later")
		}
		return nil
	}}).start(t)
	s := server.sender(t)
	if err := s.Send(t.Context(), letterTo("anna@reader.example")); err == nil {
		t.Fatal("the first try went through")
	}
	if err := s.Send(t.Context(), letterTo("anna@reader.example")); err != nil || len(server.took()) != 1 {
		t.Fatal(err, server.took())
	}
}

func TestServerThatNeverAnswersHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	server := (&mailServer{onRcpt: func(string) error { <-stuck; return nil }}).start(t)
	t.Cleanup(func() { close(stuck) })
	s := server.sender(t)
	s.timeout = 300 * time.Millisecond
	if err := s.Send(t.Context(), letterTo("anna@reader.example")); err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	s.timeout = time.Hour // only ctx ends it
	if err := s.Send(ctx, letterTo("anna@reader.example")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// I-150: whatever got past the parsers, a mail has one recipient and the headers that we gave it.
func TestNothingTypedBecomesAHeaderOrARecipient(t *testing.T) {
	t.Parallel()
	server := (&mailServer{}).start(t)
	s := server.sender(t)
	hostile := []Message{}
	for _, to := range hostileAddresses {
		hostile = append(hostile, letterTo(to))
	}
	for _, text := range []string{"Hello\r\nBcc: eve@evil.example", "Hello\nX: y", "Hello\rX: y", "Hello\u2028Bcc: eve@evil.example", "Hello\x00"} {
		m := letterTo("anna@reader.example")
		m.Subject = text
		hostile = append(hostile, m)
		m = letterTo("anna@reader.example")
		m.ID = text
		hostile = append(hostile, m)
		m = letterTo("anna@reader.example")
		m.From = text + " <login@site.example>"
		hostile = append(hostile, m)
	}
	for _, m := range hostile {
		if err := s.Send(t.Context(), m); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v", m, err)
		}
	}
	if sessions, _ := server.asked(); sessions != 0 {
		t.Error("the server was asked", sessions, "times")
	}
}

var hostileAddresses = []string{
	"", "anna", "@reader.example", "anna@", "anna@reader.example\r\nBcc: eve@evil.example", "a@b>\r\nBcc:eve@evil.example", "anna@reader.example\n",
	"anna@reader.example,eve@evil.example", "anna@reader.example, eve@evil.example", "Anna <anna@reader.example>", "<anna@reader.example>",
	"anna@reader.example\u2028Bcc:eve@evil.example", "anna@reader.example ", "anna@reader.example eve@evil.example", `"anna eve"@reader.example`,
	`"anna> SIZE=1"@reader.example`, "anna(eve)@reader.example", "anna@reader.example(eve)", "anna@eve@reader.example", "anna\x00@reader.example",
	"anna@reader.example\x00", "ännä@reader.example", "anna@[127.0.0.1]", "group:anna@reader.example;", "anna@reader.example>", "anna@%0aevil.example",
}

func TestMailServerURLIsReadStrictlyAndNeverShown(t *testing.T) {
	t.Parallel()
	for _, server := range []string{
		"", "mail.example", "http://user:hunter2@mail.example", "smtp://", "smtp://user:hunter2@", "smtp://user:hunter2@mail.example:99x", "smtp://user:hunter2%zz@mail.example",
	} {
		_, err := NewSMTP(server, "login@site.example")
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", server, err)
		}
	}
	if _, err := NewSMTP("smtp://mail.example", "Site <login@site.example>"); err == nil {
		t.Error("a sender with a name was taken")
	}
	for server, port := range map[string]int{"smtp://mail.example": 587, "smtps://mail.example": 465, "smtp://mail.example:2525": 2525} {
		s, err := NewSMTP(server, "login@site.example")
		if err != nil || s.port != port || s.host != "mail.example" {
			t.Error(server, s, err)
		}
	}
	s, err := NewSMTP("smtp://us%40er:p%3Aass%2F@[::1]:2525", "login@site.example")
	if err != nil || s.user != "us@er" || s.password != "p:ass/" || s.host != "::1" {
		t.Error(s, err)
	}
}

func TestCheckLogsInAndSendsNothing(t *testing.T) {
	t.Parallel()
	server := (&mailServer{user: "u", password: "p"}).start(t)
	if err := server.sender(t).Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, logins := server.asked(); logins != 1 || len(server.took()) != 0 {
		t.Error("logins:", logins)
	}
	s := server.sender(t)
	s.password = "wrong"
	if s.Check(t.Context()) == nil {
		t.Error("a wrong password was fine")
	}
}
