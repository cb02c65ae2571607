package photometa

import (
	"strings"
	"time"
)

// moment is a date in the words of EXIF.
type moment struct {
	exif     string // "2018:05:21 12:30:00"; blanks in place of an unknown time
	offset   string // "+02:00", or empty
	fraction string // digits of the second's fraction, or empty
}

// exifDate is EXIF's layout of a date, and its form when only the day is known (EXIF 3.0,
// section 4.6.5: unknown digits are blanks).
const (
	exifDate = "2006:01:02 15:04:05"
	exifDay  = "2006:01:02   :  :  "
)

// parseXMPDate reads the profile of ISO 8601 that XMP uses (XMP part 1, section 8.2.1.1),
// and EXIF's own form, which some writers put there. Dates without a day are refused, since EXIF cannot say them.
func parseXMPDate(s string) (moment, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		return moment{}, false
	}
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return moment{exif: t.Format(exifDay)}, true
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", exifDate} {
		if t, err := time.Parse(layout+"Z07:00", s); err == nil {
			return moment{t.Format(exifDate), t.Format("-07:00"), fraction(s)}, true
		}
		if t, err := time.Parse(layout, s); err == nil {
			return moment{exif: t.Format(exifDate), fraction: fraction(s)}, true
		}
	}
	return moment{}, false
}

// fraction gives the digits after the point of a second, as written.
func fraction(s string) string {
	_, after, found := strings.Cut(s, ".")
	if !found {
		return ""
	}
	end := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		after = after[:end]
	}
	return after
}

// parseIIMDate reads a date "20180521" and a time "123000+0200", which may be empty (IPTC
// IIM 4.2, section 6).
func parseIIMDate(day, clock string) (moment, bool) {
	d, err := time.Parse("20060102", day)
	if err != nil {
		return moment{}, false
	}
	if t, err := time.Parse("20060102150405-0700", day+clock); err == nil {
		return moment{exif: t.Format(exifDate), offset: t.Format("-07:00")}, true
	}
	if t, err := time.Parse("20060102150405", day+clock); err == nil {
		return moment{exif: t.Format(exifDate)}, true
	}
	return moment{exif: d.Format(exifDay)}, true
}
