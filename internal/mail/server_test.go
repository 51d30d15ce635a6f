package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// received is a mail that the server took.
type received struct {
	from string
	to   []string
	raw  string
}

// mailServer is a real mail server in this process. Its hooks may be nil.
type mailServer struct {
	user, password string
	tlsAtOnce      bool
	plaintext      bool // offers no STARTTLS
	onMail         func() error
	onRcpt         func(to string) error
	onData         func(*smtp.Conn, io.Reader) error

	addr     string
	roots    *x509.CertPool
	mu       sync.Mutex
	mails    []received
	sessions int
	logins   int
}

func (m *mailServer) start(t *testing.T) *mailServer {
	t.Helper()
	pair, roots := certificate(t)
	m.roots = roots
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sessions++
		return &conversation{server: m, conn: c}, nil
	}))
	s.Domain = "localhost"
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.MaxLineLength = 1000 // RFC 5321, section 4.5.3.1.6, with CR LF
	s.AllowInsecureAuth = m.plaintext
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = l.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	switch {
	case m.tlsAtOnce:
		l = tls.NewListener(l, config)
	case !m.plaintext:
		s.TLSConfig = config
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return m
}

// sender is an SMTP that trusts the server.
func (m *mailServer) sender(t *testing.T) *SMTP {
	t.Helper()
	scheme, login := "smtp://", ""
	if m.tlsAtOnce {
		scheme = "smtps://"
	}
	if m.user != "" {
		login = m.user + ":" + m.password + "@"
	}
	s, err := NewSMTP(scheme+login+m.addr, "login@site.example")
	if err != nil {
		t.Fatal(err)
	}
	s.roots = m.roots
	return s
}

func (m *mailServer) took() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.mails...)
}

func (m *mailServer) asked() (sessions, logins int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions, m.logins
}

type conversation struct {
	server *mailServer
	conn   *smtp.Conn
	mail   received
}

func (c *conversation) AuthMechanisms() []string {
	if c.server.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *conversation) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		c.server.logins++
		if user != c.server.user || password != c.server.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (c *conversation) Mail(from string, _ *smtp.MailOptions) error {
	c.mail = received{from: from}
	if c.server.onMail != nil {
		return c.server.onMail()
	}
	return nil
}

func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mail.to = append(c.mail.to, to)
	if c.server.onRcpt != nil {
		return c.server.onRcpt(to)
	}
	return nil
}

func (c *conversation) Data(r io.Reader) error {
	if c.server.onData != nil {
		if err := c.server.onData(c.conn, r); err != nil {
			return err
		}
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.mail.raw = string(raw)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.mails = append(c.server.mails, c.mail)
	return nil
}

func (c *conversation) Reset()        {}
func (c *conversation) Logout() error { return nil }

// certificate makes one for the loopback address and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// reply is an answer of the server's.
func reply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

var errCut = errors.New("cut")

// cut hangs up in the middle of a mail.
func cut(c *smtp.Conn, r io.Reader) error {
	_, _ = r.Read(make([]byte, 10))
	_ = c.Conn().Close()
	return errCut
}
