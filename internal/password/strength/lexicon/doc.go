// Package lexicon is a dictionary of words that needs neither heap nor parsing: one string that is compiled in, a hash table with open
// addressing. It keeps 40 bits of a hash of each word, its rank and what kind of word it is, not the word. A text that is not in it is taken
// for a word about once in 10¹¹ times.
//
// [Build] writes a table, [Open] reads it, [Table.Find] looks up what [Start] and [Hash.Add] have hashed unit by unit: whoever looks for all
// words that begin at one place hashes each character once.
package lexicon
