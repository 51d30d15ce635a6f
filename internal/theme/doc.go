// Package theme makes a site's own look out of the settings under theme: it reads the files that they name, judges colours by whether they can be
// read (WCAG 2.2, 1.4.3 and 1.4.11), and writes the one style sheet that comes after ours.
//
// [Check] says all that is wrong with a theme, for a configuration; [Read] gives the [Theme] that pages and mails are dressed with. An accent
// colour that cannot be read on one of the two schemes gets a sibling of the same hue there ([PaletteOf]); one that was chosen for the dark scheme
// by hand is refused instead.
//
// The templates of a site's own are only read here. Whether they work is package web's to say, which has the pages to try them with.
package theme
