package s3

import (
	"compressor/internal/storage"
)

// keeping is how a store is made to refuse to overwrite.
type keeping int

const (
	byHeader keeping = iota // If-None-Match: *
	byLook                  // it ignores or refuses the header, so that only a look before the write is left
	byBoth                  // it may or may not know the header
)

// preset is what sets a store apart from S3 itself. docs/connectors-requests.md names the
// page of the provider behind each field.
type preset struct {
	endpoint  func(storage.Place) string // base URL; "" for the one the SDK has for the region
	region    string                     // that is signed; "" for that of the place
	pathStyle bool                       // the bucket stands in the path, not in the host
	noACL     bool                       // it implements no ACLs of objects
	crc       bool                       // it takes x-amz-checksum-crc32; others get Content-MD5
	keep      keeping
	noWait    bool // it never answers 100, so that waiting for it is lost time
}

// presetOf finds the preset of a place.
func presetOf(p storage.Place) (preset, bool) {
	switch p.Provider {
	case storage.S3:
		if p.Endpoint != "" {
			return preset{endpoint: named, pathStyle: true, keep: byBoth}, true
		}
		return preset{endpoint: func(storage.Place) string { return "" }, crc: true}, true
	case storage.R2:
		return preset{
			endpoint: func(p storage.Place) string { return "https://" + p.Credentials.Account + ".r2.cloudflarestorage.com" },
			region:   "auto", pathStyle: true, noACL: true, noWait: true,
		}, true
	case storage.Spaces:
		return preset{
			endpoint: func(p storage.Place) string { return "https://" + p.Region + ".digitaloceanspaces.com" },
			keep:     byLook,
		}, true
	case storage.B2:
		return preset{
			endpoint: func(p storage.Place) string { return "https://s3." + p.Region + ".backblazeb2.com" },
			keep:     byLook,
		}, true
	case storage.GCS:
		return preset{
			endpoint: func(storage.Place) string { return "https://storage.googleapis.com" },
			region:   "auto", pathStyle: true, keep: byLook,
		}, true
	}
	return preset{}, false
}

// named is the endpoint that the connector names.
func named(p storage.Place) string { return p.Endpoint }
