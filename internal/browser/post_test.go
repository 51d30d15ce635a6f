package browser

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/html"
)

// identity is the certificate of every server that tests start. The machine is told to trust it, so that the house sends its mails with
// nothing about it set up for tests.
var identity tls.Certificate

func trustPostOffice() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "browser test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost", "id.localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return err
	}
	identity = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	file, err := os.CreateTemp("", "gatehouse-browser-*.pem")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) //nolint:errcheck // it is read below
	if err := pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
		return err
	}
	if err := os.Setenv("SSL_CERT_FILE", file.Name()); err != nil {
		return err
	}
	_, err = x509.SystemCertPool() // the roots are read once, here
	return err
}

// postOffice is a real mail server in this process that asks for STARTTLS.
type postOffice struct {
	addr  string
	mu    sync.Mutex
	mails []letter
	plain int // mails that came over a line that anybody can read
}

// letter is a mail as it came.
type letter struct {
	to, subject, text string
	links             []string // of the HTML, in order
	read              bool     // by a test
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &counter{office: p, conn: c}, nil }))
	s.Domain, s.ErrorLog, s.TLSConfig = "localhost", log.New(io.Discard, "", 0), &tls.Config{Certificates: []tls.Certificate{identity}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.plain > 0 {
			t.Errorf("%d mails were sent without TLS", p.plain)
		}
	})
	return p
}

type counter struct {
	office *postOffice
	conn   *smtp.Conn
	to     string
}

func (*counter) Mail(string, *smtp.MailOptions) error { return nil }

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	return nil
}

func (c *counter) Data(r io.Reader) error {
	l, err := readLetter(r)
	if err != nil {
		return err
	}
	l.to = c.to
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	if _, secure := c.conn.TLSConnectionState(); !secure {
		c.office.plain++
	}
	c.office.mails = append(c.office.mails, l)
	return nil
}

func (*counter) Reset()        {}
func (*counter) Logout() error { return nil }

func readLetter(r io.Reader) (l letter, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return l, err
	}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		body := quotedprintable.NewReader(part)
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "text/html" {
			l.links, err = linksOf(body)
		} else {
			var raw []byte
			raw, err = io.ReadAll(body)
			l.text = string(raw)
		}
		if err != nil {
			return l, err
		}
	}
}

func linksOf(r io.Reader) (links []string, err error) {
	page, err := html.Parse(r)
	if err != nil {
		return nil, err
	}
	for n := range page.Descendants() {
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" {
				links = append(links, a.Val)
			}
		}
	}
	return links, nil
}

// mail waits for the next mail to an address whose subject begins so.
func (p *person) mail(to, subject string) letter {
	p.t.Helper()
	var found letter
	p.wait("a mail to "+to+": "+subject, func() bool {
		office := p.house.post
		office.mu.Lock()
		defer office.mu.Unlock()
		for i, l := range office.mails {
			if l.to == to && !l.read && strings.HasPrefix(l.subject, subject) {
				office.mails[i].read, found = true, l
				return true
			}
		}
		return false
	})
	return found
}

// link is the one link of a mail to a page of ours. The text for those who read no HTML has the same.
func (p *person) link(l letter, page string) string {
	p.t.Helper()
	begins := p.house.url(page) + "?token="
	i := slices.IndexFunc(l.links, func(link string) bool { return strings.HasPrefix(link, begins) })
	if i < 0 || !strings.Contains(l.text, l.links[i]) {
		p.t.Fatalf("there is no link to %s in both parts of %q: %q and\n%s", begins, l.subject, l.links, l.text)
	}
	return l.links[i]
}
