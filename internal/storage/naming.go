package storage

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names of buckets, regions and accounts become parts of host names and of what is
// signed, so they are held to the forms that the providers document.

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func lower(c byte) bool  { return c >= 'a' && c <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// is makes a class of the bytes of a text.
func is(bytes ...byte) func(byte) bool {
	return func(c byte) bool { return strings.IndexByte(string(bytes), c) >= 0 }
}

// only says whether s has so many bytes, and only such.
func only(s string, shortest, longest int, classes ...func(byte) bool) bool {
	if len(s) < shortest || len(s) > longest {
		return false
	}
	for i := range len(s) {
		good := false
		for _, class := range classes {
			good = good || class(s[i])
		}
		if !good {
			return false
		}
	}
	return true
}

// ends says whether s, not empty, begins and ends with a lower-case letter or a digit.
func ends(s string) bool {
	first, last := s[0], s[len(s)-1]
	return (lower(first) || digit(first)) && (lower(last) || digit(last))
}

func address(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// s3Bucket follows "General purpose bucket naming rules" of the S3 user guide, but for the
// prefixes and suffixes that AWS keeps to itself.
func s3Bucket(s string) bool {
	return only(s, 3, 63, lower, digit, is('.', '-')) && ends(s) && !strings.Contains(s, "..") && !address(s)
}

// gcsBucket follows "Bucket names" of the Cloud Storage documentation.
func gcsBucket(s string) bool {
	if !only(s, 3, 222, lower, digit, is('.', '-', '_')) || !ends(s) || address(s) {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 63 {
			return false
		}
	}
	return true
}

// azureContainer follows "Naming and referencing containers, blobs, and metadata" of Azure.
func azureContainer(s string) bool {
	return s == "$root" || s == "$web" || only(s, 3, 63, lower, digit, is('-')) && ends(s) && !strings.Contains(s, "--")
}

func r2Bucket(s string) bool { return only(s, 3, 63, lower, digit, is('-')) && ends(s) }

// b2Bucket follows "Bucket names" of Backblaze, where case does not count; in a host name
// it is lower.
func b2Bucket(s string) bool { return only(s, 6, 63, lower, digit, is('-')) && ends(s) }

// awsRegion is such as eu-central-1, us-gov-west-1 or eusc-de-east-1.
func awsRegion(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) < 3 || len(parts) > 4 || !only(parts[0], 2, 4, lower) {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if !only(part, 2, 16, lower) {
			return false
		}
	}
	return only(parts[len(parts)-1], 1, 2, digit)
}

// b2Region is such as us-west-004. Backblaze adds some, so this is no list.
func b2Region(s string) bool {
	parts := strings.Split(s, "-")
	return len(parts) == 3 && only(parts[0], 2, 2, lower) && only(parts[1], 2, 16, lower) && only(parts[2], 3, 3, digit)
}

// spacesRegion is such as nyc3.
func spacesRegion(s string) bool {
	return len(s) > 3 && only(s[:3], 3, 3, lower) && only(s[3:], 1, 2, digit)
}

// location is such as europe-west3, EU or nam4.
func location(s string) bool { return only(s, 2, 32, letter, digit, is('-')) }

func regionWord(s string) bool { return only(s, 1, 63, letter, digit, is('-', '_')) }

// identifier is a metadata name of Azure, which must be one of C#.
func identifier(s string) bool { return only(s, 1, 128, letter, digit, is('_')) && !digit(s[0]) }

// azureAccount follows "Storage account name" of Azure.
func azureAccount(s string) bool { return only(s, 3, 24, lower, digit) }

// r2Account is an account id of Cloudflare.
func r2Account(s string) bool { return only(s, 32, 32, digit, is('a', 'b', 'c', 'd', 'e', 'f')) }

// endpointWords says what an endpoint must be.
const endpointWords = "the base URL of a store, such as https://minio.example.com, without user, query or fragment"

// endpoint says whether s is a base URL. Whether its address may be dialled is decided
// when it is.
func endpoint(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.ContainsAny(s, "?#\\") {
		return false
	}
	if word := u.Port(); word != "" || strings.HasSuffix(u.Host, ":") {
		if port, err := strconv.ParseUint(word, 10, 16); err != nil || port == 0 {
			return false
		}
	}
	host := u.Hostname()
	if strings.Contains(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		if err != nil || addr.Zone() != "" {
			return false
		}
	} else if !only(host, 1, 253, letter, digit, is('.', '-')) || strings.Contains(host, "..") || host[0] == '.' {
		return false
	}
	return utf8.ValidString(u.Path) && checkSegments(strings.TrimPrefix(strings.TrimSuffix(u.Path, "/"), "/")) == ""
}
