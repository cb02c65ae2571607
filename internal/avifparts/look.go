package avifparts

import "compressor/internal/bitstream"

// look reads what says how the primary picture is shown.
func (p *parser) look(it *item) error {
	out := p.out
	coded := false // the colour boxes win over the bitstream
	for _, prop := range it.properties {
		r := reader{bitstream.Bytes{Data: prop.body}}
		switch prop.kind {
		case "ispe", "pixi", "av1C", "irot", "imir":
		case "pasp":
			if across, down := r.U32(), r.U32(); across != down {
				p.other("pixels that are not square")
			}
		case "clap":
			p.other("a crop that programs treat differently (clap)")
		case "a1op", "a1lx", "lsel":
			p.other("layers")
		case "clli", "mdcv", "cclv", "amve", "ndwt":
			p.other("HDR")
		case "colr":
			if err := p.colour(&r, &coded); err != nil {
				return err
			}
		default:
			p.other("a property of the kind %q", prop.kind)
		}
	}
	var known bool
	if out.Transforms, known = transforms(it); !known {
		return corrupt("broken transform")
	}
	if t := out.CICP.Transfer; t == 16 || t == 18 { // PQ and HLG
		p.other("HDR")
	}
	return nil
}

// colour reads a colour box (ISO/IEC 14496-12, 12.1.5).
func (p *parser) colour(r *reader, coded *bool) error {
	switch kind := string(r.Take(4)); kind {
	case "nclx":
		c := CICP{Primaries: r.U16(), Transfer: r.U16(), Matrix: r.U16(), Full: r.U8()&0x80 != 0}
		if r.Short || *coded {
			return corrupt("broken colour box")
		}
		*coded = true
		p.out.CICP = c
	case "prof", "rICC":
		if p.out.ICC != nil || len(r.Data) == 0 {
			return corrupt("broken colour profile")
		}
		p.out.ICC = r.Data
	default:
		p.other("colours of the kind %q", kind)
	}
	return nil
}

// transforms lists an item's turns and reflections, in order; false if one is broken.
func transforms(it *item) ([]Transform, bool) {
	var out []Transform
	for _, prop := range it.properties {
		if prop.kind != "irot" && prop.kind != "imir" {
			continue
		}
		if len(prop.body) != 1 || len(out) == 8 {
			return nil, false
		}
		t := Transform{Mirror: prop.kind == "imir", Value: int(prop.body[0] & 3)}
		if t.Mirror {
			t.Value &= 1
		}
		out = append(out, t)
	}
	return out, true
}
