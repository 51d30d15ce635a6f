package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/gatehouse-auth/gatehouse/internal/seal"
	"github.com/gatehouse-auth/gatehouse/internal/store"
	"github.com/google/uuid"
)

// purpose is what the payloads of rows are sealed for; they are bound to their row's id.
const purpose = "outbox"

// mailboxSize is how many mails the dev mailbox keeps.
const mailboxSize = 500

// Parts are what an Outbox works with.
type Parts struct {
	Store  *store.Store
	Keys   *seal.Keys
	Render *Renderer
	SMTP   *SMTP // nil: there is no mail server
	Dev    bool  // without a mail server, keep the mails for Mailbox
	Clock  func() time.Time
	Log    *slog.Logger
}

// Outbox takes mails and jobs and works them off. It is safe for use by many goroutines.
type Outbox struct {
	Parts
	wakeJobs  chan struct{}
	wakeMails chan struct{}
}

// NewOutbox makes an Outbox; [Outbox.Run] works it off.
func NewOutbox(p Parts) *Outbox {
	return &Outbox{Parts: p, wakeJobs: make(chan struct{}, 1), wakeMails: make(chan struct{}, 1)}
}

// queued is what a mail's row holds.
type queued struct {
	To   string
	Lang string
	Data Data
}

// Queue adds a mail to the transaction. It is rendered when it is sent. Call [Outbox.Wake] after the commit.
func (o *Outbox) Queue(ctx context.Context, tx *store.Tx, kind Kind, to, lang string, d Data) error {
	return o.enqueue(ctx, tx, store.ClassMail, string(kind), queued{to, lang, d})
}

// QueueJob adds a job to the transaction, its payload as JSON. Call [Outbox.Wake] after the commit.
func (o *Outbox) QueueJob(ctx context.Context, tx *store.Tx, kind string, payload any) error {
	return o.enqueue(ctx, tx, store.ClassJob, kind, payload)
}

func (o *Outbox) enqueue(ctx context.Context, tx *store.Tx, class, kind string, payload any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("outbox payload: %w", err)
	}
	id, now := uuid.NewString(), o.Clock()
	return tx.Enqueue(ctx, store.OutboxRow{
		ID: id, Class: class, Kind: kind, Payload: o.Keys.Seal(purpose, text, []byte(id)), CreatedAt: now, DueAt: now,
	})
}

// Wake says that something was queued and committed, so that it need not wait for the next look. It never blocks.
func (o *Outbox) Wake() {
	nudge(o.wakeJobs)
	nudge(o.wakeMails)
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// message opens a mail's row and renders it.
func (o *Outbox) message(row store.OutboxRow) (Message, Data, error) {
	var q queued
	text, err := o.Keys.Open(purpose, row.Payload, []byte(row.ID))
	if err != nil {
		return Message{}, q.Data, err
	}
	if err := json.Unmarshal(text, &q); err != nil {
		return Message{}, q.Data, fmt.Errorf("mail payload: %w", err)
	}
	m, err := o.Render.Render(Kind(row.Kind), q.To, q.Lang, q.Data)
	m.ID = row.ID
	return m, q.Data, err
}

// Delivered is a mail in the dev mailbox.
type Delivered struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`
	From    string    `json:"from"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`
	SentAt  time.Time `json:"sent_at"`
}

// Mailbox lists the mails that development kept instead of sending them, the newest first, at most 500. What was sealed with a key that is
// gone is left out.
func (o *Outbox) Mailbox(ctx context.Context) ([]Delivered, error) {
	var rows []store.OutboxRow
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.SentMail(ctx, mailboxSize)
		return err
	})
	if err != nil {
		return nil, err
	}
	all := make([]Delivered, 0, len(rows))
	for _, row := range rows {
		if m, _, err := o.message(row); err == nil {
			all = append(all, Delivered{m.ID, m.To, m.From, m.Subject, m.Text, m.HTML, row.SentAt})
		}
	}
	return all, nil
}
