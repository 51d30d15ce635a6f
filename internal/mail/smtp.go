package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

const (
	// smtpTimeout bounds two steps each: to connect and log in, and to hand a mail over.
	smtpTimeout = 30 * time.Second
	// quitWait is how long the mail server may take to say goodbye when it has the mail.
	quitWait = 2 * time.Second
)

// SMTP sends mails through a mail server, always encrypted and with its certificate checked. It is safe for use by many goroutines; each
// mail has a connection of its own.
type SMTP struct {
	host           string
	port           int
	user, password string
	tlsAtOnce      bool // smtps://
	from           string
	timeout        time.Duration
	roots          *x509.CertPool // nil: the system's; tests have their own
}

// NewSMTP takes smtp://USER:PASSWORD@HOST:PORT, for which STARTTLS is required (port 587 unless given), or smtps://… for TLS from the first
// byte (port 465), and the plain address that mails come from. Its errors never show the URL, which holds the password.
func NewSMTP(server, from string) (*SMTP, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, errors.New("the mail server must be written like smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465, special characters in the password percent-encoded")
	}
	s := &SMTP{host: u.Hostname(), port: 587, user: u.User.Username(), tlsAtOnce: u.Scheme == "smtps", timeout: smtpTimeout}
	s.password, _ = u.User.Password()
	if s.tlsAtOnce {
		s.port = 465
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the mail server's port is not a number")
		}
	}
	if s.from, err = plain(from); err != nil {
		return nil, fmt.Errorf("the address that mails come from is %w; write it like login@example.com", err)
	}
	return s, nil
}

// Send hands one mail over. An error that wraps [ErrRefused] is final; after any other the mail may be sent again. Only what a server says
// about the recipient and the content is final: if it refuses the connection, the password or the sender, the operator has something to
// set right, and the mail waits for that.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	letter, err := s.envelope(m)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	err = c.client.SendWithSMTPClient(c.session, letter)
	if err == nil {
		return nil
	}
	if failed, ok := errors.AsType[*gomail.SendError](err); ok && failed.ErrorCode()/100 == 5 {
		switch failed.Reason {
		case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	return c.explain(ctx, err)
}

// Check connects and logs in as for a mail, without sending one.
func (s *SMTP) Check(ctx context.Context) error {
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	c.close()
	return nil
}

// envelope makes the MIME form of a mail.
func (s *SMTP) envelope(m Message) (*gomail.Msg, error) {
	to, err := plain(m.To)
	if err != nil {
		return nil, err
	}
	if !oneLine(m.From) || !oneLine(m.Subject) || !oneLine(m.ID) {
		return nil, errors.New("a header of more than one line")
	}
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := letter.From(m.From); err != nil {
		return nil, err
	}
	if err := letter.EnvelopeFrom(s.from); err != nil {
		return nil, err
	}
	if err := letter.To(to); err != nil {
		return nil, err
	}
	letter.Subject(m.Subject)
	letter.SetMessageIDWithValue(m.ID + "@" + s.domain())
	// RFC 3834: out-of-office replies must not answer us; Exchange heeds the second.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader("X-Auto-Response-Suppress", "All")
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	letter.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return letter, nil
}

func (s *SMTP) domain() string {
	_, domain, _ := strings.Cut(s.from, "@")
	return domain
}

// connection is one conversation with the mail server.
type connection struct {
	server  string
	raw     net.Conn
	client  *gomail.Client
	session *smtp.Client
	unwatch func() bool
}

func (s *SMTP) connect(ctx context.Context) (*connection, error) {
	c := &connection{server: net.JoinHostPort(s.host, strconv.Itoa(s.port)), unwatch: func() bool { return true }}
	trust := &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.roots}
	// Our own dialler keeps hold of the connection: the library neither closes it when logging in fails, nor when ctx ends later.
	dial := func(step context.Context, network, address string) (net.Conn, error) {
		raw, err := (&net.Dialer{}).DialContext(step, network, address)
		if err != nil {
			return nil, err
		}
		c.raw = raw
		c.unwatch = context.AfterFunc(ctx, func() { _ = raw.Close() })
		if !s.tlsAtOnce {
			return raw, nil
		}
		secure := tls.Client(raw, trust)
		return secure, secure.HandshakeContext(step)
	}
	options := []gomail.Option{
		gomail.WithPort(s.port), gomail.WithTimeout(s.timeout), gomail.WithTLSConfig(trust), gomail.WithTLSPolicy(gomail.TLSMandatory),
		// No RSET after the mail: its failure would have a mail sent twice that the server took. No SMTPUTF8: our addresses are ASCII, and
		// it would shut relays out that can't do it.
		gomail.WithHELO(s.domain()), gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(), gomail.WithDialContextFunc(dial),
	}
	if s.tlsAtOnce {
		options = append(options, gomail.WithSSL())
	}
	if s.user != "" {
		// PLAIN first: the line is encrypted, and servers that offer NTLM or CRAM-MD5 often can't do them for every account.
		options = append(options, gomail.WithUsername(s.user), gomail.WithPassword(s.password), gomail.WithOpportunisticSMTPAuth(
			gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthCramMD5))
	}
	var err error
	if c.client, err = gomail.NewClient(s.host, options...); err != nil {
		return nil, err
	}
	if c.session, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		c.drop()
		return nil, c.explain(ctx, err)
	}
	return c, nil
}

// close says goodbye and hangs up.
func (c *connection) close() {
	if c.session.UpdateDeadline(quitWait) == nil {
		_ = c.session.Quit()
	}
	c.drop()
}

func (c *connection) drop() {
	c.unwatch()
	if c.raw != nil {
		_ = c.raw.Close()
	}
}

// explain names the server, and what can be done where the library's words don't say it.
func (c *connection) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		err = errors.New("it offers no STARTTLS, so that mails and the password could be read on the way; turn STARTTLS on there, or use smtps:// if it speaks TLS from the first byte")
	}
	return fmt.Errorf("mail server %s: %w", c.server, err)
}
