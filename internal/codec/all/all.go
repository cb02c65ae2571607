// Package all lists the codecs of this build. One line each.
package all

import (
	"compressor/internal/codec"
	"compressor/internal/codec/avif"
	"compressor/internal/codec/jpeg"
	"compressor/internal/codec/mp4"
	"compressor/internal/codec/png"
	"compressor/internal/codec/svg"
	"compressor/internal/codec/webp"
	"compressor/internal/codec/zip"
)

// Codecs returns the registry of every format that is handled.
func Codecs() *codec.Registry {
	all := codec.NewRegistry()
	all.Add(jpeg.Codec{}, jpeg.Format())
	all.Add(png.Codec{}, png.Format())
	all.Add(zip.Codec{}, zip.Format())
	all.Add(webp.Codec{}, webp.Format())
	all.Add(avif.Codec{}, avif.Format())
	all.Add(svg.Codec{}, svg.Formats()...)
	all.Add(mp4.Codec{}, mp4.Formats()...)
	return all
}
