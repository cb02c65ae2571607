package webhook

import (
	"net/http"
	"testing"
	"time"
)

// TestNext: eight tries in all, each pause within a fifth of what is documented.
func TestNext(t *testing.T) {
	for _, r := range []float64{0, 0.5, 0.999} {
		s := schedule{DefaultPauses(), func() float64 { return r }}
		for i, pause := range DefaultPauses() {
			got, more := s.next(i+1, 0)
			want := time.Duration(float64(pause) * (0.8 + 0.4*r))
			if !more || (got-want).Abs() > time.Millisecond {
				t.Errorf("after %d tries: %v, %v; want %v", i+1, got, more, want)
			}
		}
		if _, more := s.next(8, time.Hour); more {
			t.Error("a ninth try")
		}
		if got, _ := s.next(1, 24*time.Hour); got < maxRetryAfter || got > maxRetryAfter*12/10 {
			t.Errorf("a mad Retry-After gives %v", got)
		}
		if got, _ := s.next(1, time.Minute); got < time.Minute || got > 72*time.Second {
			t.Errorf("a Retry-After of a minute gives %v", got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0,
		"99999999999999999999":                       0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
		now.Add(-time.Hour).Format(http.TimeFormat):  0,
		"Tuesday, 24-Nov-26 12:00:30 UTC":            30 * time.Second,
		"Tue Nov 24 12:00:30 2026":                   30 * time.Second,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestUnit(t *testing.T) {
	var sum float64
	for range 1000 {
		u := unit()
		if u < 0 || u >= 1 {
			t.Fatal(u)
		}
		sum += u
	}
	if sum < 400 || sum > 600 { // ten standard deviations
		t.Errorf("the mean of 1000 is %v", sum/1000)
	}
}
