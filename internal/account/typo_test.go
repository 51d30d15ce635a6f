package account

import (
	"strings"
	"testing"
)

func TestAMistypedProviderIsAskedAbout(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"ana@gmial.com": "ana@gmail.com", "ana@gamil.com": "ana@gmail.com", "ana@gmai.com": "ana@gmail.com", "ana@gmaill.com": "ana@gmail.com",
		"ana@gnail.com": "ana@gmail.com", "ana@gmsil.com": "ana@gmail.com", "ana@gmil.com": "ana@gmail.com", "ana@gmal.com": "ana@gmail.com",
		"ana@mgail.com": "ana@gmail.com", "ana@gmail.con": "ana@gmail.com", "ana@gmail.co": "ana@gmail.com", "ana@gmail.cm": "ana@gmail.com",
		"ana@gmail.om": "ana@gmail.com", "ana@gmail.vom": "ana@gmail.com", "ana@gmail.ocm": "ana@gmail.com", "ana@gmail.comm": "ana@gmail.com",
		"ana@gmial.con": "ana@gmail.com", "Ana.Maria+shop@GMIAL.COM": "Ana.Maria+shop@gmail.com", " ana@gmial.com\n": "ana@gmail.com",
		"ana@gmail": "ana@gmail.com", "ana@gmailcom": "ana@gmail.com", "ana@gmial.com.": "ana@gmail.com",
		"ana@gogglemail.com": "ana@googlemail.com", "ana@hotmial.com": "ana@hotmail.com", "ana@hotmal.fr": "ana@hotmail.fr", "ana@hotmai.co.uk": "ana@hotmail.co.uk",
		"ana@htomail.com": "ana@hotmail.com", "ana@hotmail.con": "ana@hotmail.com", "ana@outlok.com": "ana@outlook.com", "ana@outloook.de": "ana@outlook.de",
		"ana@yaho.com": "ana@yahoo.com", "ana@yahooo.com": "ana@yahoo.com", "ana@yhaoo.co.uk": "ana@yahoo.co.uk", "ana@yahoo.cm": "ana@yahoo.com",
		"ana@iclod.com": "ana@icloud.com", "ana@icould.com": "ana@icloud.com", "ana@protonmial.com": "ana@protonmail.com", "ana@protnmail.ch": "ana@protonmail.ch",
		"ana@comcst.net": "ana@comcast.net", "ana@comcast.ent": "ana@comcast.net", "ana@wanado.fr": "ana@wanadoo.fr", "ana@yandx.ru": "ana@yandex.ru",
	} {
		if got := SuggestEmail(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

// There is nothing to ask about real providers and companies, nor about what is no address.
func TestRealDomainsAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	const domains = `gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.it yahoo.es yahoo.ca yahoo.in yahoo.co.in yahoo.co.jp yahoo.com.br yahoo.com.mx
		yahoo.com.ar yahoo.com.au ymail.com rocketmail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es hotmail.com.br outlook.com outlook.de outlook.fr
		outlook.es outlook.it outlook.jp outlook.com.br live.com live.co.uk live.fr live.nl live.it live.com.au msn.com passport.com icloud.com me.com mac.com aol.com aol.co.uk aim.com
		protonmail.com protonmail.ch proton.me pm.me tutanota.com tuta.io tutamail.com fastmail.com fastmail.fm hey.com hushmail.com zoho.com zohomail.com mail.com email.com gmx.com
		gmx.de gmx.net gmx.at gmx.ch web.de freenet.de t-online.de arcor.de posteo.de mailbox.org 1und1.de bluewin.ch laposte.net orange.fr wanadoo.fr free.fr sfr.fr neuf.fr libero.it
		virgilio.it tiscali.it alice.it tin.it telefonica.net terra.com.br uol.com.br bol.com.br globo.com ig.com.br mail.ru yandex.ru yandex.com ya.ru rambler.ru bk.ru inbox.ru list.ru
		ukr.net wp.pl onet.pl o2.pl interia.pl seznam.cz centrum.cz azet.sk abv.bg qq.com 163.com 126.com sina.com sohu.com naver.com daum.net hanmail.net nate.com docomo.ne.jp
		ezweb.ne.jp softbank.ne.jp rediffmail.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com optonline.net btinternet.com
		virginmedia.com sky.com talktalk.net ntlworld.com blueyonder.co.uk bigpond.com optusnet.com.au telus.net shaw.ca rogers.com sympatico.ca telenet.be skynet.be ziggo.nl kpnmail.nl
		xs4all.nl home.nl planet.nl telia.com walla.co.il mail.bg inbox.lv cloud.com never.com grail.com gail.com example.com google.com mit.edu outloud.com hmail.com fmail.com
		gmail.de yahoo.xyz icloud.org comcast.com yandex.org mailinator.com duck.com simplelogin.com relay.firefox.com privaterelay.appleid.com localhost`
	for domain := range strings.FieldsSeq(domains) {
		if got := SuggestEmail("ana@" + domain); got != "" {
			t.Errorf("%s is taken for %s", domain, got)
		}
	}
	for _, typed := range []string{"", "ana", "gmial.com", "@gmial.com", "ana@", "a b@gmial.com", "ana@gmial.com@gmial.com", "ä@gmial.com", "<script>@gmial.com", "ana@" + strings.Repeat("g", 1<<20)} {
		if got := SuggestEmail(typed); got != "" {
			t.Errorf("%.40q is taken for %s", typed, got)
		}
	}
}

// The law of suggestions: what is suggested is an address, another one than was typed, with the same name before the @, and nothing more to ask about.
func FuzzSuggestEmail(f *testing.F) {
	for _, seed := range []string{"ana@gmial.com", "ana@gmail", "a@b", "\x00@hotmial.com", "ana@yahoo.co"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got := SuggestEmail(typed)
		if got == "" {
			return
		}
		id, err := ParseEmail(got)
		local, _, _ := strings.Cut(strings.Trim(typed, " \t\r\n"), "@")
		if err != nil && len(local) <= maxLocal || !strings.HasPrefix(got, local+"@") || strings.EqualFold(got, typed) || SuggestEmail(got) != "" {
			t.Errorf("%q is taken for %q: %+v, %v", typed, got, id, err)
		}
	})
}
