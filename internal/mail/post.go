package mail

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gatehouse-auth/gatehouse/internal/store"
)

// post sends mails, a few at a time.
type post struct {
	*Outbox
	slots    chan struct{}
	onTheWay sync.WaitGroup
}

func newPost(o *Outbox) *post { return &post{Outbox: o, slots: make(chan struct{}, atOnce)} }

// work claims as many mails as can be sent now and sends each beside the others. It returns without waiting for them.
func (p *post) work(ctx, late context.Context) error {
	free := cap(p.slots) - len(p.slots)
	if free == 0 {
		return nil
	}
	rows, err := p.claim(ctx, store.ClassMail, free)
	for _, row := range rows {
		p.slots <- struct{}{}
		p.onTheWay.Go(func() {
			if err := p.deliver(late, row); err != nil {
				p.fail(late, row, err)
			}
			<-p.slots
			nudge(p.wakeMails)
		})
	}
	return err
}

// deliver sends one mail, or keeps it in development.
func (p *post) deliver(ctx context.Context, row store.OutboxRow) (err error) {
	defer contain(&err)
	m, d, err := p.message(row)
	if err != nil {
		return err
	}
	if d.Valid > 0 && p.Clock().Sub(row.CreatedAt) >= d.Valid {
		return fmt.Errorf("%w: its link ran out before it could be sent", ErrRefused)
	}
	if p.SMTP == nil {
		p.settle(ctx, row, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.KeepSent(ctx, row.ID, p.Clock()), tx.PruneSent(ctx, mailboxSize))
		})
	} else {
		if err := p.SMTP.Send(ctx, m); err != nil {
			return err
		}
		p.settle(ctx, row, func(ctx context.Context, tx *store.Tx) error { return tx.FinishOutbox(ctx, row.ID) })
	}
	p.Log.Info("mail sent", "id", row.ID, "kind", row.Kind, "to", mask(m.To), "attempt", row.Attempts)
	return nil
}
