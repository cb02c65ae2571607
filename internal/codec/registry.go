package codec

import (
	"compressor/internal/format"
)

// Registry is the list of codecs of a build. It is filled once, by package codec/all.
type Registry struct {
	rows   []format.Row
	codecs map[format.ID]Codec
}

// NewRegistry returns an empty one.
func NewRegistry() *Registry { return &Registry{codecs: map[format.ID]Codec{}} }

// Add registers c for these formats.
func (r *Registry) Add(c Codec, rows ...format.Row) {
	for _, row := range rows {
		r.rows = append(r.rows, row)
		r.codecs[row.ID] = c
	}
}

// Rows lists the formats, in the order they were added.
func (r *Registry) Rows() []format.Row { return append([]format.Row(nil), r.rows...) }

// Codec is the one that handles id, or nil.
func (r *Registry) Codec(id format.ID) Codec { return r.codecs[id] }
