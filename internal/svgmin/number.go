package svgmin

import (
	"math"
	"strconv"
	"strings"
)

// maxDigits bounds decimals: what is finer is below what renderers compute with.
const maxDigits = 9

// grid places numbers on multiples of a power of ten, so that sums and differences of them
// are exact.
type grid struct {
	digits int
	unit   float64 // 10^digits
}

func newGrid(digits int) grid {
	digits = min(max(digits, 0), maxDigits)
	return grid{digits, math.Pow10(digits)}
}

// widest is the largest magnitude, in units of a grid, that float64 holds exactly with
// room for sums.
const widest = 1 << 50

// fits says whether the grid can hold f.
func (g grid) fits(f float64) bool { return math.Abs(f)*g.unit < widest }

// place rounds f to the grid, in its units.
func (g grid) place(f float64) int64 { return int64(math.Round(f * g.unit)) }

// text writes a number of so many units in the fewest characters.
func (g grid) text(n int64) string {
	if n == 0 {
		return "0"
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := strconv.FormatInt(n, 10)
	if g.digits == 0 {
		return sign + s
	}
	if pad := g.digits - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	whole, fraction := s[:len(s)-g.digits], strings.TrimRight(s[len(s)-g.digits:], "0")
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction
}

// short writes f rounded to so many decimals.
func short(f float64, digits int) string {
	g := newGrid(digits)
	if !g.fits(f) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return g.text(g.place(f))
}

// number is a decimal as written.
type number struct {
	value  float64
	digits int // decimals
}

// scanNumber reads a number at the start of s, as SVG's path data has it, and says how
// long it is; 0 if there is none.
func scanNumber(s string) (n number, length int) {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	figures := i - start
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if fraction := j - i - 1; fraction > 0 {
			n.digits = len(strings.TrimRight(s[i+1:j], "0"))
			figures += fraction
			i = j
		} else if figures > 0 {
			i = j // "1." is old style
		}
	}
	if figures == 0 {
		return number{}, 0
	}
	if e, exponent := scanExponent(s[i:]); e > 0 {
		i += e
		n.digits = max(0, n.digits-exponent)
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(s[:i], "."), 64)
	if err != nil || math.IsInf(f, 0) {
		return number{}, 0
	}
	n.value = f
	return n, i
}

// scanExponent reads "e-3", but not the e of "em".
func scanExponent(s string) (length, value int) {
	if len(s) < 2 || s[0] != 'e' && s[0] != 'E' {
		return 0, 0
	}
	i := 1
	if s[i] == '+' || s[i] == '-' {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == start || i-start > 4 {
		return 0, 0
	}
	v, err := strconv.Atoi(s[1:i])
	if err != nil {
		return 0, 0
	}
	return i, v
}

// list reads numbers separated by white space and commas; false if there is anything else.
func list(s string) ([]number, bool) {
	var out []number
	for {
		s = strings.TrimLeft(s, " \t\r\n,")
		if s == "" {
			return out, true
		}
		n, length := scanNumber(s)
		if length == 0 {
			return nil, false
		}
		out = append(out, n)
		s = s[length:]
	}
}

// join writes numbers with as few separators as can be.
func join(texts []string) string {
	var b strings.Builder
	dot := false
	for i, t := range texts {
		if i > 0 && needsSpace(dot, t) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
		dot = strings.IndexByte(t, '.') >= 0
	}
	return b.String()
}

// needsSpace says whether something must stand between a number, that has a point or not,
// and the next one.
func needsSpace(dot bool, next string) bool {
	return next[0] != '-' && (next[0] != '.' || !dot)
}
