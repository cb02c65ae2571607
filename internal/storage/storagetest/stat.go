package storagetest

import (
	"maps"
	"testing"
	"time"

	"compressor/internal/storage"
)

// testStat: what is told of an object without reading it is what reading it tells.
func testStat(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	o := storage.Object{Key: "stat/a.bin"}
	if b.Can.Metadata {
		o.Metadata = map[string]string{"origin": "a camera", "weight": "12"}
	}
	put(t, bucket, o, Body(t, 1234, 1))
	read, body, err := bucket.Open(t.Context(), o.Key)
	if err != nil {
		t.Fatal(err)
	}
	body.Close()
	got, err := bucket.Stat(t.Context(), o.Key)
	if err != nil || got.Key != o.Key || got.Size != 1234 || got.ETag == "" || !got.Changed.Truncate(time.Second).Equal(read.Changed.Truncate(time.Second)) { // a header has no less
		t.Errorf("told %+v, read %+v, %v", got, read, err)
	}
	for name, text := range o.Metadata {
		if got.Metadata[name] != text {
			t.Errorf("metadata %v, want %v", got.Metadata, maps.Clone(o.Metadata))
		}
	}
	_, err = bucket.Stat(t.Context(), "stat/nothing")
	fails(t, err, storage.NoObject)
	_, err = bucket.Stat(t.Context(), "stat")
	fails(t, err, storage.NoObject)
}
