package storage

import "strings"

// URL is the address of an object, as its provider documents it. It can be fetched by who
// may read the object. A bucket with a dot in its name stands in the path, since the
// certificates of the hosts do not cover it. For Local it is "local:" and the name within
// the folder of the connector: where that folder lies is nobody's business.
func URL(p Place, key string) string {
	path := escape(key)
	host := func(suffix string) string {
		if strings.Contains(p.Bucket, ".") {
			return "https://" + suffix + "/" + p.Bucket + "/" + path
		}
		return "https://" + p.Bucket + "." + suffix + "/" + path
	}
	switch {
	case p.Provider == Local:
		return "local:" + path
	case p.Endpoint != "":
		return strings.TrimSuffix(p.Endpoint, "/") + "/" + p.Bucket + "/" + path
	case p.Provider == Spaces:
		return host(p.Region + ".digitaloceanspaces.com")
	case p.Provider == B2:
		return host("s3." + p.Region + ".backblazeb2.com")
	case p.Provider == R2:
		return "https://" + p.Credentials.Account + ".r2.cloudflarestorage.com/" + p.Bucket + "/" + path
	case p.Provider == GCS:
		return "https://storage.googleapis.com/" + p.Bucket + "/" + path
	case p.Provider == Azure:
		return "https://" + p.Credentials.Account + ".blob.core.windows.net/" + p.Bucket + "/" + path
	}
	return host("s3." + p.Region + "." + awsDomain(p.Region))
}

// awsDomain is the domain of a region of AWS: China and the European Sovereign Cloud are
// partitions of their own.
func awsDomain(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	case strings.HasPrefix(region, "eusc-"):
		return "amazonaws.eu"
	}
	return "amazonaws.com"
}

// escape percent-encodes a name but for its slashes: all but the unreserved characters of
// RFC 3986, section 2.3. A plus sign, too, which S3 would read as a blank.
func escape(key string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(key) {
		c := key[i]
		if wordy(rune(c)) || strings.IndexByte("-._~/", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return out.String()
}
