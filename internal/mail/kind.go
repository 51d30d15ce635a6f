package mail

import (
	"maps"
	"slices"
	"time"
)

// Kind is what a mail is about. Its texts are mail.<kind>.subject, .heading, .intro, .button, .second and .outro.
type Kind string

// The kinds.
const (
	// Verify asks to confirm the address of a sign-up; Cancel is for whom it was not.
	Verify Kind = "verify"
	// VerifyPendingReset is Verify for somebody who asked for a new password before confirming the address.
	VerifyPendingReset Kind = "verify_pending_reset"
	// AccountMade is Verify for somebody whose account the operator made.
	AccountMade Kind = "account_made"
	// SignupTaken tells an account's owner that somebody signed up with the address.
	SignupTaken Kind = "signup_taken"
	// Reset carries the link to a new password.
	Reset Kind = "reset"
	// EmailChange goes to the address that an account is to get.
	EmailChange Kind = "email_change"
	// EmailChangeNotice goes to the address that an account had until now.
	EmailChangeNotice Kind = "email_change_notice"
	// EmailTaken tells an account's owner that another account wanted the address.
	EmailTaken Kind = "email_taken"
	// PasswordChanged tells that the password was changed.
	PasswordChanged Kind = "password_changed"
	// Guessing tells that somebody types wrong passwords, many of them.
	Guessing Kind = "guessing"
	// AccountDeleted tells that the account is gone.
	AccountDeleted Kind = "account_deleted"
)

// Data is what a mail tells beside its texts. What is zero is left out.
type Data struct {
	Name       string        `json:",omitzero"` // of the account's owner
	At         time.Time     `json:",omitzero"` // when it happened
	Device     string        `json:",omitzero"` // where it was asked for, such as «Firefox (Linux)»
	Valid      time.Duration `json:",omitzero"` // how long Link works, counted from queueing
	Link       string        `json:",omitzero"` // of the button
	Reset      string        `json:",omitzero"` // the way to a new password
	Cancel     string        `json:",omitzero"` // «this was not me»
	NewAddress string        `json:",omitzero"` // masked
	Tries      int           `json:",omitzero"` // wrong passwords since the last right one
	Places     int           `json:",omitzero"` // client addresses that they came from
}

// letter is what a kind's mail is made of.
type letter struct {
	// stranger says that nobody has shown yet to own the mailbox. Such a mail calls nobody by name: whoever signs up with somebody
	// else's address chooses the name, and would have us deliver a hundred characters of spam.
	stranger bool
	details  bool // tell when and where it was asked for
	button   func(Data) string
	second   func(Data) string // a quieter link below
}

func linkOf(d Data) string   { return d.Link }
func resetOf(d Data) string  { return d.Reset }
func cancelOf(d Data) string { return d.Cancel }
func none(Data) string       { return "" }

// Kinds lists all kinds of mail, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(letters)) }

var letters = map[Kind]letter{
	Verify:             {stranger: true, button: linkOf, second: cancelOf},
	VerifyPendingReset: {stranger: true, button: linkOf, second: cancelOf},
	AccountMade:        {button: linkOf, second: none},
	SignupTaken:        {details: true, button: linkOf, second: resetOf},
	Reset:              {details: true, button: linkOf, second: none},
	EmailChange:        {stranger: true, details: true, button: linkOf, second: none},
	EmailChangeNotice:  {details: true, button: none, second: none},
	EmailTaken:         {details: true, button: none, second: linkOf},
	PasswordChanged:    {details: true, button: linkOf, second: none},
	Guessing:           {details: true, button: linkOf, second: none},
	AccountDeleted:     {details: true, button: none, second: none},
}
