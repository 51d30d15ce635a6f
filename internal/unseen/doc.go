// Package unseen finds the characters in a line of text that nobody sees and that deceive: what turns the text around it (U+202E makes «moc.knab»
// read «bank.com»), and what makes two different lines look alike. One rule for the name of the site, its labels and its texts, which
// go into pages, subjects of mails and names of senders.
package unseen
