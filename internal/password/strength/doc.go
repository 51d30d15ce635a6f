// Package strength estimates how many tries a password takes somebody who knows how people make them.
//
// It works in the manner of zxcvbn 4: look for everything that has a pattern, words (also reversed, and with signs for letters), ways over a keyboard,
// repeats, sequences, dates, years, separators, series such as onetwothree; say what each costs; and find the split of the password into such pieces,
// and brute force between them, that costs least. It agrees with @zxcvbn-ts/core, against which its tests hold it, with two differences. zxcvbn gives
// up some splits before their end is known; this one finds the cheapest, so a long password may cost less here. And what is found does not keep
// it from looking for something cheaper. Both make it stricter, never milder, and let a personal word more only ever make a password weaker.
//
// The words (README.md says whose they are, and their licences) are compiled in as a table that is read in place (package lexicon).
//
// The work is bounded: 256 UTF-16 units of a password are looked at, 23 units of a word, 100 readings of its signs as letters (of each
// only the parts that the reading before did not have), and repeats within repeats halve in length. The worst passwords take a few milliseconds.
package strength
