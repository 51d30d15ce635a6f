package api

import (
	"context"
	"net/http"

	"github.com/gatehouse-auth/gatehouse/internal/flow"
	"github.com/gatehouse-auth/gatehouse/internal/message"
)

type strengthBody struct {
	Password string `json:"password" req:"true"`
	Email    string `json:"email" doc:"of whose password it will be; not needed while signed in"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Token    string `json:"token" doc:"of the link in the mail, where the password is chosen by one: then the password is whose the link is"`
}

type strength struct {
	Score        int      `json:"score" doc:"0 to 4"`
	Acceptable   bool     `json:"acceptable" doc:"whether sign-up, reset and change would take it"`
	GuessesLog10 float64  `json:"guesses_log10" doc:"how many tries it would take, as a power of ten"`
	GuessedIn    string   `json:"guessed_in" doc:"how long guessing it would take somebody who has stolen the database, in the client's language; empty where that was not estimated"`
	Warning      string   `json:"warning" doc:"what is wrong, in the client's language; empty if acceptable"`
	Suggestions  []string `json:"suggestions" doc:"what would help, in the client's language"`
	Breached     bool     `json:"breached" doc:"whether it is in lists of stolen passwords"`
}

// PasswordStrength is POST /password/strength.
func (a *API) PasswordStrength() Endpoint {
	return handle("Judge a password that somebody is about to choose", http.StatusOK, []message.Code{message.LinkExpired, message.RateLimited},
		func(ctx context.Context, c *call, in strengthBody) (strength, error) {
			v, err := a.Flow.Strength(ctx, c.v.Client, flow.StrengthInput(in))
			if err != nil {
				return strength{}, err
			}
			answer := strength{Score: v.Score, Acceptable: v.Acceptable, GuessesLog10: v.GuessesLog10, Breached: v.Breached}
			answer.GuessedIn = flow.Guessed(func(key string, args map[string]any) string { return a.Texts.Text(c.v.Locale, key, args) }, v)
			if key, args := flow.WhatIsWrong(v); key != "" {
				answer.Warning = a.Texts.Text(c.v.Locale, key, args)
			}
			for _, key := range v.Suggestions {
				answer.Suggestions = append(answer.Suggestions, a.Texts.Text(c.v.Locale, "password.suggestion."+key, nil))
			}
			return answer, nil
		})
}

// ForgotPassword is POST /password/forgot.
func (a *API) ForgotPassword() Endpoint {
	return handle("Mail a link to set a new password, if the address is an account's", http.StatusAccepted,
		[]message.Code{message.RateLimited},
		func(ctx context.Context, c *call, in emailBody) (sent, error) {
			return wasSent(a.Flow.Forgot(ctx, c.v.Client, in.Email, ""))
		})
}

type resetBody struct {
	Token    string `json:"token" req:"true" doc:"of the link in the mail"`
	Password string `json:"password" req:"true"`
}

type passwordChanged struct {
	Status string `json:"status" one:"password_changed"`
}

// ResetPassword is POST /password/reset.
func (a *API) ResetPassword() Endpoint {
	return handle("Set a new password by a mailed link; signs nobody in and ends every session", http.StatusOK,
		[]message.Code{message.LinkExpired, message.RateLimited, message.Overloaded},
		func(ctx context.Context, c *call, in resetBody) (passwordChanged, error) {
			out, err := a.Flow.Reset(ctx, c.v.Client, flow.ResetInput{Token: in.Token, Password: in.Password})
			if err != nil {
				return passwordChanged{}, err
			}
			c.v.Keep(c.w, out, c.native("")) // a known device from now on
			return passwordChanged{string(out.Step)}, nil
		})
}

type changePasswordBody struct {
	CurrentPassword string `json:"current_password" req:"true"`
	Password        string `json:"password" req:"true"`
}

// ChangePassword is POST /password/change.
func (a *API) ChangePassword() Endpoint {
	return handle("Replace the password; the session goes on with a new token, all others end", http.StatusOK,
		[]message.Code{message.Conflict, message.RateLimited, message.Overloaded},
		func(ctx context.Context, c *call, in changePasswordBody) (rotated, error) {
			out, err := a.Flow.ChangePassword(ctx, c.v.Client, in.CurrentPassword, in.Password)
			if err != nil {
				return rotated{}, err
			}
			return rotated{c.issued(out, "")}, nil
		})
}
