package storage

import (
	"net/url"
	"slices"
	"strings"
)

// Identity tells which bucket a place is, whatever the host name that it is reached by. Equal
// Site and Bucket are one bucket. The reverse holds for the providers' own host names only: two
// names of another store, or an access point of AWS and its bucket, look like two.
type Identity struct {
	Site   string // who keeps it, as far as names of buckets are unique
	Bucket string
	Base   string // what stands before each key, because the endpoint names a bucket, too
}

// Identity is that of the place's bucket; for Local, of its folder.
func (p Place) Identity() Identity {
	host := ""
	switch p.Provider {
	case Local:
		return Identity{Site: "local", Bucket: p.Root}
	case Azure:
		return Identity{Site: p.Credentials.Account + ".blob.core.windows.net", Bucket: p.Bucket}
	case GCS:
		host = "storage.googleapis.com"
	case R2:
		host = p.Credentials.Account + ".r2.cloudflarestorage.com"
	case Spaces:
		host = p.Region + ".digitaloceanspaces.com"
	case B2:
		host = "s3." + p.Region + ".backblazeb2.com"
	default:
		host = "s3." + awsDomain(p.Region)
	}
	base := ""
	if u, err := url.Parse(p.Endpoint); err == nil && p.Endpoint != "" {
		host, base = plainHost(u), strings.Trim(u.Path, "/")
	}
	site, bucket, known := siteOf(host)
	rest := strings.TrimPrefix(base+"/"+p.Bucket+"/", "/")
	switch {
	case !known: // which bucket it takes from host or path is its own affair
		return Identity{Site: strings.TrimSuffix(host+"/"+base, "/"), Bucket: p.Bucket}
	case bucket == "":
		bucket, rest, _ = strings.Cut(rest, "/")
	}
	return Identity{Site: site, Bucket: bucket, Base: rest}
}

// plainHost is the host of a URL, with its port where that is not the one of its scheme.
func plainHost(u *url.URL) string {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)] {
		host += ":" + port
	}
	return host
}

// siteOf takes the host names of the providers apart: whose it is, and the bucket in it, "" for
// none.
func siteOf(host string) (site, bucket string, known bool) {
	cut := func(domain string) ([]string, bool) {
		rest, ok := strings.CutSuffix("."+host, "."+domain)
		return strings.Split(strings.TrimPrefix(rest, "."), "."), ok
	}
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"} {
		if labels, ok := cut(domain); ok {
			at := awsService(labels)
			return domain, strings.Join(labels[:max(at, 0)], "."), at >= 0
		}
	}
	if labels, ok := cut("storage.googleapis.com"); ok {
		return "storage.googleapis.com", strings.Join(labels, "."), true
	}
	if labels, ok := cut("backblazeb2.com"); ok && len(labels) >= 2 && labels[len(labels)-2] == "s3" {
		return "backblazeb2.com", strings.Join(labels[:len(labels)-2], "."), true
	}
	if labels, ok := cut("digitaloceanspaces.com"); ok && spacesRegion(labels[len(labels)-1]) { // each region has names of its own
		last := len(labels) - 1
		return labels[last] + ".digitaloceanspaces.com", strings.Join(labels[:last], "."), true
	}
	if labels, ok := cut("r2.cloudflarestorage.com"); ok { // as has each account, and in it each jurisdiction
		at := slices.IndexFunc(labels, r2Account)
		return strings.Join(labels[max(at, 0):], ".") + ".r2.cloudflarestorage.com", strings.Join(labels[:max(at, 0)], "."), at >= 0
	}
	return "", "", false
}

// awsService is where in the labels of a host of AWS, without its domain, the service S3
// begins: s3, s3-fips, s3-accelerate, and s3-REGION of old. What may follow is dualstack and a
// region. -1 for anything else, such as an access point, which has a name of its own.
func awsService(labels []string) int {
	for at := len(labels) - 1; at >= 0; at-- {
		switch word := labels[at]; {
		case word == "dualstack", awsRegion(word):
			continue
		case word == "s3", word == "s3-fips", word == "s3-accelerate", word == "s3-external-1", awsRegion(strings.TrimPrefix(word, "s3-")):
			return at
		}
		return -1
	}
	return -1
}
