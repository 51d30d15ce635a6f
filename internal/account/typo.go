package account

import (
	"slices"
	"strings"
)

// brands are the big mail providers whose names people mistype, and the endings under which each gives addresses. The list is fixed: what is
// suggested depends on what was typed and never on who has an account here.
var brands = map[string][]string{
	"comcast":    {"net"},
	"fastmail":   {"com", "fm"},
	"gmail":      {"com"},
	"googlemail": {"com"},
	"hotmail":    {"com", "be", "ca", "ch", "cl", "co.jp", "co.uk", "com.ar", "com.au", "com.br", "com.mx", "com.tr", "de", "dk", "es", "fr", "gr", "it", "nl", "no", "se"},
	"icloud":     {"com"},
	"outlook":    {"com", "at", "be", "cl", "co.id", "co.il", "com.ar", "com.au", "com.br", "com.gr", "com.tr", "com.vn", "cz", "de", "dk", "es", "fr", "hu", "ie", "in", "it", "jp", "kr", "lv", "my", "ph", "pt", "sa", "sg", "sk"},
	"protonmail": {"com", "ch"},
	"wanadoo":    {"fr", "es", "nl"},
	"yahoo":      {"com", "at", "be", "ca", "ch", "cn", "co.id", "co.il", "co.in", "co.jp", "co.kr", "co.nz", "co.th", "co.uk", "co.za", "com.ar", "com.au", "com.br", "com.cn", "com.co", "com.hk", "com.mx", "com.my", "com.ph", "com.sg", "com.tr", "com.tw", "com.vn", "cz", "de", "dk", "es", "fi", "fr", "gr", "hu", "ie", "in", "it", "nl", "no", "pl", "pt", "ro", "se"},
	"yandex":     {"ru", "by", "com", "com.tr", "kz", "ua"},
}

// real are names one letter away from a brand that have mail of their own: nobody who works there wants to be asked about it.
var real = []string{"gail", "gomail", "grail", "hotmall", "outlooks", "yazoo"}

// often are mistakes of the ear, further from the brand than a slip of the finger.
var often = map[string]string{"icould": "icloud"}

// SuggestEmail is the address that somebody may have meant who mistyped the domain of a big mail provider; empty when there is nothing to say.
// It is a question to ask, never a replacement: the mistyped domain may be somebody's own. (The idea is Mailcheck's.)
//
// The first letter must be right: almost everybody gets that one right, and email.com, ymail.com and cloud.com are real.
func SuggestEmail(address string) string {
	local, domain, ok := strings.Cut(strings.Trim(address, " \t\r\n"), "@")
	if !ok || local == "" || domain == "" || len(domain) > 40 || !validLocal(local) {
		return ""
	}
	if better := suggestDomain(strings.ToLower(strings.TrimSuffix(domain, "."))); better != "" {
		return local + "@" + better
	}
	return ""
}

func suggestDomain(domain string) string {
	name, ending, dotted := strings.Cut(domain, ".")
	if endings, brand := brands[name]; brand && slices.Contains(endings, ending) || slices.Contains(real, name) {
		return ""
	}
	for _, brand := range brandNames {
		endings := brands[brand]
		if !dotted { // «gmail», «gmailcom»
			if domain == brand || domain == brand+endings[0] {
				return brand + "." + endings[0]
			}
			continue
		}
		if name != brand && !near(name, brand) && often[name] != brand {
			continue
		}
		if name != brand && slices.Contains(endings, ending) {
			return brand + "." + ending
		}
		if main := endings[0]; ending == main || len(main) == 3 && distance(ending, main) == 1 {
			return brand + "." + main
		}
	}
	return ""
}

// brandNames are the brands in an order that does not change, so that one typing mistake gets one answer.
var brandNames = func() (names []string) {
	for name := range brands {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}()

// near reports whether a word is the other one mistyped: its first letter right, and one slip of the finger in the rest (two in a long word). A slip is
// a letter too many, too few, another one, or two in the wrong order.
func near(typed, meant string) bool {
	const long = 9
	slips := 1
	if len(meant) >= long {
		slips = 2
	}
	return typed != "" && typed[0] == meant[0] && max(len(typed)-len(meant), len(meant)-len(typed)) <= slips && distance(typed, meant) <= slips ||
		len(meant) > 3 && len(typed) == len(meant) && typed[0] == meant[1] && typed[1] == meant[0] && typed[2:] == meant[2:]
}

// distance is how many slips lie between two words (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			other := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				other++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
