package browser

import "fmt"

// measures gives the page the functions of measureScript and takes what one of them says is wrong.
func (p *person) measures(what, expression string) {
	p.t.Helper()
	for _, wrong := range p.measured(expression) {
		p.t.Errorf("%s: %s", what, wrong)
	}
}

// fits checks that nothing is beyond the edges of the screen as it is.
func (p *person) fits(what string) {
	p.t.Helper()
	p.measures(what, `measure.wide()`)
}

func (p *person) measured(expression string) []string {
	p.t.Helper()
	return look[[]string](p, measureScript+fmt.Sprintf(`; (() => { const wrong = []; measure.say = (...words) => wrong.push(words.join(" ")); %s; return wrong; })()`, expression))
}

// measureScript is what programs like axe leave to people: how large things are, where they are, and what lies over what. Each function says
// what is wrong with the page as it is shown at this moment.
const measureScript = `window.measure ??= (() => {
	const m = {};
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
	const light = c => { const [r, g, b] = [...c].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = e => {
		for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; }
		return rgba("Canvas");
	};
	const ratio = (a, b) => { a = light(a); b = light(b); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
	const tag = e => { const text = e.innerText?.trim().slice(0, 30); return e.cloneNode(false).outerHTML.slice(0, 160) + (text ? " «" + text + "»" : ""); };
	const shown = e => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0;
	const edges = r => Math.round(r.left) + " to " + Math.round(r.right);
	m.tag = tag;

	// stops are what the tabulator must stop at, in the order of the page: of a group of radio buttons, one.
	m.stops = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(e => {
		if (!shown(e) || e.disabled || e.type === "hidden" || e.tabIndex < 0) return false;
		if (e.type !== "radio") return true;
		const group = [...document.querySelectorAll("input[type=radio]")].filter(o => o.name === e.name && o.form === e.form);
		return e === (group.find(o => o.checked) ?? group[0]);
	});

	// focus says what hinders seeing where the focus is (WCAG 2.4.7, 2.4.11, 2.4.13): an outline of 2 pixels that stands out and is neither cut off nor covered.
	m.focus = e => {
		const s = getComputedStyle(e), width = parseFloat(s.outlineWidth), r = e.getBoundingClientRect();
		if (s.outlineStyle === "none" || width < 2) return measure.say("no outline of 2 pixels: " + s.outlineStyle, s.outlineWidth, tag(e));
		const contrast = ratio(rgba(s.outlineColor), behind(e.parentElement));
		if (contrast < 3) measure.say("the outline has a contrast of", contrast.toFixed(2), tag(e));
		const out = width + parseFloat(s.outlineOffset);
		for (let up = e.parentElement; up; up = up.parentElement) {
			const box = up.getBoundingClientRect();
			if (up !== document.body && up !== document.documentElement && getComputedStyle(up).overflow !== "visible" &&
				(box.left > r.left - out || box.right < r.right + out || box.top > r.top - out || box.bottom < r.bottom + out)) measure.say("the outline is cut off:", tag(e));
		}
		const line = e.getClientRects()[0], top = document.elementFromPoint(line.x + line.width / 2, line.y + line.height / 2);
		if (!e.contains(top) && !top?.contains(e)) measure.say("it has the focus and is hidden:", tag(e), "below", top ? tag(top) : "the edge");
	};

	// targets are large enough to be hit (WCAG 2.5.8): links in a sentence need not be, nor what its label does the same for.
	m.targets = () => {
		const large = r => r.width >= 23.99 && r.height >= 23.99;
		for (const e of m.stops()) {
			const r = e.getBoundingClientRect(), inline = getComputedStyle(e).display === "inline";
			if (large(r) || e.labels?.length && large(e.labels[0].getBoundingClientRect()) && /checkbox|radio/.test(e.type)) continue;
			if (e.tagName === "A" && inline && e.parentElement.innerText.trim().length > e.innerText.trim().length + 1) continue;
			measure.say("only", Math.round(r.width), "×", Math.round(r.height), tag(e));
		}
	};

	// wide finds what there is beyond the screen's edges (WCAG 1.4.10).
	m.wide = () => {
		const width = document.documentElement.clientWidth;
		if (document.scrollingElement.scrollWidth > innerWidth) measure.say("the page is", document.scrollingElement.scrollWidth, "wide on", innerWidth);
		for (const e of document.querySelectorAll("body *")) {
			if (!shown(e)) continue;
			const r = e.getBoundingClientRect();
			if (r.width > 0 && (r.left < -0.5 || r.right > width + 0.5)) measure.say("beyond the edge:", edges(r), "of", width, tag(e));
		}
	};

	// cut finds text that is cut off or lies under something else (WCAG 1.4.4, 1.4.12).
	m.cut = () => {
		for (const e of document.querySelectorAll("body *")) {
			if (!shown(e)) continue;
			const s = getComputedStyle(e);
			if (!/INPUT|SELECT|TEXTAREA/.test(e.tagName) && (s.overflow !== "visible" || s.display !== "inline" && /BUTTON|A|SPAN/.test(e.tagName)) &&
				(e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 2)) measure.say("its text is cut off:", tag(e));
			for (const n of e.childNodes) if (n.nodeType === 3 && n.data.trim()) m.covered(e, n);
		}
		for (const field of document.querySelectorAll(".secret input")) {
			const button = field.parentElement.querySelector("button")?.getBoundingClientRect(), r = field.getBoundingClientRect(), s = getComputedStyle(field);
			if (button && (s.direction === "rtl" ? button.right > r.left + parseFloat(s.paddingLeft) + 1.5 : button.left < r.right - parseFloat(s.paddingRight) - 1.5))
				measure.say("the button lies over what is typed:", tag(field));
		}
	};
	m.covered = (e, text) => {
		const range = document.createRange();
		range.selectNodeContents(text);
		for (let i = 0, rects = range.getClientRects(); i < rects.length; i++) {
			let r = rects[i];
			if (r.top < 0 || r.bottom > innerHeight) { scrollTo({top: scrollY + r.top - 100, behavior: "instant"}); rects = range.getClientRects(); r = rects[i]; }
			const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
			if (!top || !e.contains(top) && !top.contains(e)) return measure.say("its text lies under", top ? tag(top) : "the edge", ":", tag(e));
		}
	};

	// motion finds what moves (WCAG 2.3.3).
	m.motion = () => {
		const long = times => times.split(",").some(t => parseFloat(t) > 0);
		for (const e of document.querySelectorAll("*")) for (const part of [null, "::before", "::after"]) {
			const s = getComputedStyle(e, part);
			if (s.transitionProperty !== "none" && long(s.transitionDuration) || s.animationName !== "none" && long(s.animationDuration) || s.scrollBehavior === "smooth")
				measure.say("it moves:", tag(e), part ?? "", s.transitionDuration, s.animationName);
		}
		for (const a of document.getAnimations()) measure.say("it moves:", tag(a.effect.target));
	};

	// errors finds what is wrong and not tied to where it is wrong (WCAG 3.3.1, 4.1.3), so that it is read out there.
	m.errors = () => {
		const tied = new Set();
		for (const field of document.querySelectorAll("input, select, textarea")) {
			const by = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
			for (const id of by) {
				const says = document.getElementById(id);
				if (!says || /-(error|hint)$/.test(id) && !says.innerText.trim()) measure.say("described by nothing:", id, tag(field)); // others have words only later
				if (/-error$/.test(id)) tied.add(id);
			}
			if ((field.getAttribute("aria-invalid") === "true") !== by.some(id => /-error$/.test(id))) measure.say("wrong, or said to be, but not both:", tag(field));
		}
		for (const e of document.querySelectorAll("button[aria-describedby]")) for (const id of e.getAttribute("aria-describedby").split(" ")) tied.add(id);
		for (const e of document.querySelectorAll("[id$=-error]")) if (!tied.has(e.id)) measure.say("no field is tied to", tag(e));
		for (const a of document.querySelectorAll("[role=alert] a[href^='#']")) {
			const to = document.getElementById(decodeURIComponent(a.hash.slice(1)));
			if (!to?.getAttribute("aria-describedby")?.includes("-error")) measure.say("it leads to nothing that is wrong:", tag(a));
		}
		const first = [...document.querySelectorAll("[aria-invalid=true]")].find(shown);
		if (first && document.activeElement !== first) measure.say("the focus is on", tag(document.activeElement), "and not on the first wrong field", tag(first));
	};

	// announced says whether a page that refuses something says so to those who do not see it, and one with good news too.
	m.announced = () => {
		const refused = performance.getEntriesByType("navigation")[0].responseStatus >= 400;
		const told = [...document.querySelectorAll("[role=alert], [role=status]")].filter(e => shown(e) && e.innerText.trim());
		if (refused && !told.some(e => e.role === "alert")) measure.say("something was refused, and no alert says so");
		if (document.querySelector(".news") && !told.length) measure.say("there is news, and nothing announces it");
	};

	// secrets finds forms that a password manager cannot tell whose password it is.
	m.secrets = () => {
		for (const field of document.querySelectorAll("input[type=password]")) {
			const before = [...field.form.elements].filter(e => /^(username|email)$/.test(e.autocomplete) && e.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING);
			if (!before.length) measure.say("whose password is it?", tag(field));
		}
	};
	return m;
})()`
