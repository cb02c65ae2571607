package jpeg

import (
	"math"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/picture"
	"compressor/internal/recipe"
)

// TestLevels: a finer level has a higher scale and quality, and qualities lead back.
func TestLevels(t *testing.T) {
	for level := 2; level <= levels; level++ {
		if scaleOf(level) <= scaleOf(level-1) || qualityOf(level) <= qualityOf(level-1) {
			t.Fatalf("level %d is no finer than the one before", level)
		}
	}
	if q := qualityOf(1); q <= 0 {
		t.Errorf("the coarsest level has quality %g", q)
	}
	for quality := 1; quality <= 99; quality++ {
		level := levelOf(float64(quality))
		if level == 1 || level == levels {
			continue // the ends of the scale
		}
		// A level is 2 % of the scale, and so at most 2.6 % of the tables of that quality.
		want, got := times(float64(quality)), times(qualityOf(level))
		if math.Abs(math.Log(want/got)) > 0.014 {
			t.Errorf("quality %d became level %d, quality %.2f", quality, level, qualityOf(level))
		}
	}
	if levelOf(100) < levelOf(99) {
		t.Error("quality 100 is coarser than 99")
	}
}

// times is what the Independent JPEG Group's library multiplies its tables by.
func times(quality float64) float64 {
	if quality < 50 {
		return 50 / quality
	}
	return 2 - quality/50
}

// TestAim: searches begin where the median photo crosses the floor, and tables are chosen
// for the floor, or for what a fixed quality is likely to give.
func TestAim(t *testing.T) {
	last := 0
	for _, floor := range []float64{0, 30, 60, 70, 75, 85, 90, 100} {
		level := start(floor)
		if level <= last || level > levels {
			t.Errorf("floor %g begins at level %d, after %d", floor, level, last)
		}
		last = level
		if slope := rise(floor); slope < 0.1 || slope > 1 {
			t.Errorf("at floor %g a level is taken for %g points", floor, slope)
		}
		p := &planner{Work: &picture.Work{In: codec.Subject{Floor: floor}}}
		if aim := p.aim(150); floor > 0 && aim != floor {
			t.Errorf("floor %g is aimed at with %g", floor, aim)
		}
	}
	quality := 80
	p := &planner{Work: &picture.Work{In: codec.Subject{Floor: 60}, Img: recipe.Image{Quality: &quality}}}
	for _, floor := range []float64{40, 60, 80} {
		if aim := p.aim(start(floor)); math.Abs(aim-floor) > 1 {
			t.Errorf("the level of score %g is aimed at with %g", floor, aim)
		}
	}
}
