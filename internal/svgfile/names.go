package svgfile

import "strings"

// bind enters the namespaces that n declares and resolves its names.
func (p *parser) bind(n *Node) error {
	depth := len(p.open) + 1
	for _, a := range n.Attrs {
		switch prefix, declares := declaration(a.Name); {
		case !declares:
		case prefix != "" && a.Value == "":
			return p.corrupt("the prefix %s is bound to nothing", prefix)
		default:
			if p.scopes = append(p.scopes, scope{prefix, a.Value, depth}); len(p.scopes) > maxAttrs {
				return limit("namespaces", maxAttrs)
			}
		}
	}
	var known bool
	if n.Space, n.Local, known = p.lookup(n.Name, true); !known {
		return p.corrupt("the prefix of <%s> is not declared", n.Name)
	}
	for i := range n.Attrs {
		a := &n.Attrs[i]
		if _, declares := declaration(a.Name); declares {
			a.Space, a.Local = namespaceXMLNS, strings.TrimPrefix(a.Name, "xmlns:")
			continue
		}
		if a.Space, a.Local, known = p.lookup(a.Name, false); !known {
			return p.corrupt("the prefix of %s is not declared", a.Name)
		}
	}
	return nil
}

// unbind leaves the namespaces of elements that are closed.
func (p *parser) unbind() {
	for len(p.scopes) > 0 && p.scopes[len(p.scopes)-1].depth > len(p.open) {
		p.scopes = p.scopes[:len(p.scopes)-1]
	}
}

func (p *parser) lookup(name string, element bool) (space, local string, known bool) {
	prefix, local, prefixed := strings.Cut(name, ":")
	if !prefixed {
		if !element {
			return "", name, true
		}
		prefix, local = "", name
	}
	if prefix == "xml" {
		return NamespaceXML, local, true
	}
	for i := len(p.scopes) - 1; i >= 0; i-- {
		if p.scopes[i].prefix == prefix {
			return p.scopes[i].uri, local, true
		}
	}
	return "", local, !prefixed
}

// declaration says whether an attribute's name declares a namespace, and for which
// prefix; "" is the default one.
func declaration(name string) (prefix string, declares bool) {
	if name == "xmlns" {
		return "", true
	}
	return strings.CutPrefix(name, "xmlns:")
}

// Declares says whether a is a namespace declaration, and for which prefix.
func (a Attr) Declares() (prefix string, declares bool) { return declaration(a.Name) }
