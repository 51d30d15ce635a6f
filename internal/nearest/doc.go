// Package nearest tells how far what somebody wrote is from what they may have meant, for «did you mean …?» about settings and keys of texts.
package nearest
