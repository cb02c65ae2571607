package svgfile

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"compressor/internal/problem"
)

// Bounds on what entities may do. Illustrator writes a dozen short ones.
const (
	maxEntities    = 100
	maxEntityBytes = 1000
	maxExpanded    = 1 << 20
)

// unsafe is what is said of entities that reach beyond plain text.
func unsafe(what string) error {
	return problem.Newf(problem.FormatUnsafe, "The document type of the drawing declares %s.", what)
}

// doctype reads a document type declaration. An external subset is not fetched, as no
// browser does. Of the internal subset only entities of plain text are taken.
func (p *parser) doctype() error {
	if p.doc.Root != nil || len(p.open) > 0 {
		return p.corrupt("a document type behind the root's start")
	}
	p.at += len("<!DOCTYPE")
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '>':
			p.at++
			return nil
		case '"', '\'':
			p.at++
			if _, err := p.until(string(c)); err != nil {
				return err
			}
		case '[':
			p.at++
			if err := p.subset(); err != nil {
				return err
			}
		default:
			p.at++
		}
	}
	return p.corrupt("the document type does not end")
}

// subset reads the internal subset up to its closing bracket.
func (p *parser) subset() error {
	for p.at < len(p.text) {
		p.skipSpace()
		switch {
		case p.has("]"):
			p.at++
			return nil
		case p.has("<!--"):
			p.at += 4
			if _, err := p.until("-->"); err != nil {
				return err
			}
		case p.has("<?"):
			if _, err := p.until("?>"); err != nil {
				return err
			}
		case p.has("<!ENTITY"):
			if err := p.entity(); err != nil {
				return err
			}
		case p.has("%"):
			return unsafe("parameter entities")
		case p.has("<!"):
			if err := p.declaration(); err != nil {
				return err
			}
		default:
			return p.corrupt("the document type is damaged")
		}
	}
	return p.corrupt("the document type does not end")
}

// entity reads <!ENTITY name "text">.
func (p *parser) entity() error {
	p.at += len("<!ENTITY")
	p.skipSpace()
	if p.has("%") {
		return unsafe("parameter entities")
	}
	end := nameEnd(p.text, p.at)
	name := p.text[p.at:end]
	p.at = end
	p.skipSpace()
	if p.has("SYSTEM") || p.has("PUBLIC") {
		return unsafe("an external entity")
	}
	if name == "" || p.at == len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\'' {
		return p.corrupt("an entity without a value")
	}
	quote := p.text[p.at : p.at+1]
	p.at++
	value, err := p.until(quote)
	if err != nil {
		return err
	}
	if strings.ContainsAny(value, "&<%") {
		return unsafe("an entity that holds others or markup")
	}
	p.skipSpace()
	if !p.has(">") {
		return p.corrupt("an entity that does not end")
	}
	p.at++
	if len(value) > maxEntityBytes || len(p.entities) == maxEntities {
		return limit("bytes of entities", maxEntityBytes)
	}
	if _, twice := p.entities[name]; !twice { // the first counts (XML 4.2)
		p.entities[name] = value
	}
	return nil
}

// declaration steps over an element, attribute list or notation declaration.
func (p *parser) declaration() error {
	attlist := p.has("<!ATTLIST")
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '>':
			p.at++
			return nil
		case '"', '\'':
			p.at++
			if _, err := p.until(string(c)); err != nil {
				return err
			}
			p.doc.Defaults = p.doc.Defaults || attlist
		default:
			p.at++
		}
	}
	return p.corrupt("a declaration that does not end")
}

// resolve replaces references by what they stand for. In attributes literal white space
// becomes spaces (XML 3.3.3).
func (p *parser) resolve(raw string, attribute bool) (string, error) {
	if attribute && strings.ContainsAny(raw, "\t\r\n") {
		raw = strings.Map(func(r rune) rune {
			if r == '\t' || r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, strings.ReplaceAll(raw, "\r\n", "\n"))
	}
	if strings.IndexByte(raw, '&') < 0 {
		return raw, nil
	}
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(raw, "&")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, after, ended := strings.Cut(rest, ";")
		if !ended {
			return "", p.corrupt("& without ;")
		}
		value, err := p.reference(name)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
		raw = after
	}
}

func (p *parser) reference(name string) (string, error) {
	switch name {
	case "lt":
		return "<", nil
	case "gt":
		return ">", nil
	case "amp":
		return "&", nil
	case "quot":
		return `"`, nil
	case "apos":
		return "'", nil
	}
	if digits, numeric := strings.CutPrefix(name, "#"); numeric {
		base := 10
		if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if err != nil || !legal(rune(n)) {
			return "", p.corrupt("&%.20s; is no character", name)
		}
		return string(rune(n)), nil
	}
	value, known := p.entities[name]
	if !known {
		return "", p.corrupt("&%.40s; is not declared", name)
	}
	if p.expanded += len(value); p.expanded > maxExpanded {
		return "", limit("bytes from entities", maxExpanded)
	}
	return value, nil
}

// legal says whether XML allows a character (2.2).
func legal(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r != 0xfffe && r != 0xffff && utf8.ValidRune(r)
}
