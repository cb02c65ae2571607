package mp4

import (
	"fmt"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/recipe"
)

// geometry works out the filter for the asked size.
func (p *planner) geometry() error {
	p.width, p.height = p.in.Facts.Width, p.in.Facts.Height
	asked := p.asked.Resize
	if asked == nil {
		return nil
	}
	if asked.Gravity == "smart" {
		return invalid("gravity", "'smart' is for pictures only.")
	}
	if p.width == 0 || p.height == 0 {
		return invalid("", "Not possible for a video with "+p.in.Facts.NotHandled+".")
	}
	steps, err := raster.Plan(p.width, p.height, recipe.Image{Resize: asked})
	if err != nil {
		return invalid("", "The video would be enlarged beyond all bounds.")
	}
	if area := steps.Largest(); area > maxFrame && !steps.Identity() {
		return problem.Over("video.resize", area, maxFrame)
	}
	filter := p.filters(steps)
	if filter != "" && p.stretched {
		return invalid("", "Not possible for a video whose pixels are not square.")
	}
	if filter != "" && p.in.Facts.NotHandled != "" {
		return invalid("", "Not possible for a video with "+p.in.Facts.NotHandled+".")
	}
	p.filter = filter
	return nil
}

func invalid(below, message string) error {
	path := "video.resize"
	if below != "" {
		path += "." + below
	}
	return problem.Invalid(problem.Field{Path: path, Message: message})
}

// even rounds a side to an even number, which 4:2:0 needs.
func even(n int) int { return max(2, n/2*2) }

// filters writes the steps as a filter graph. Steps are meant for the picture as it is
// shown; the filter sees it as it is stored, so a quarter turn swaps the sides.
func (p *planner) filters(s raster.Steps) string {
	var list []string
	at := raster.Rect{Width: p.width, Height: p.height}
	if s.Scale != (raster.Rect{}) {
		at.Width, at.Height = even(s.Scale.Width), even(s.Scale.Height)
		if at.Width != p.width || at.Height != p.height {
			list = append(list, "scale="+p.sides(at)+":flags=lanczos+accurate_rnd+full_chroma_int+bitexact")
		}
	}
	if s.Cut != (raster.Rect{}) {
		cut := raster.Rect{X: s.Cut.X / 2 * 2, Y: s.Cut.Y / 2 * 2, Width: min(even(s.Cut.Width), at.Width), Height: min(even(s.Cut.Height), at.Height)}
		cut.X, cut.Y = min(cut.X, at.Width-cut.Width), min(cut.Y, at.Height-cut.Height)
		if cut.Width != at.Width || cut.Height != at.Height {
			list = append(list, "crop="+p.sides(cut)+":"+p.corner(cut, at))
		}
		at = cut
	}
	if s.Canvas != (raster.Rect{}) {
		canvas := raster.Rect{Width: max(even(s.Canvas.Width), at.Width), Height: max(even(s.Canvas.Height), at.Height)}
		inner := raster.Rect{X: min(s.Canvas.X/2*2, canvas.Width-at.Width), Y: min(s.Canvas.Y/2*2, canvas.Height-at.Height), Width: at.Width, Height: at.Height}
		if canvas.Width != at.Width || canvas.Height != at.Height {
			list = append(list, "pad="+p.sides(canvas)+":"+p.corner(inner, canvas)+":color="+p.background())
		}
		at = canvas
	}
	p.width, p.height = at.Width, at.Height
	if len(list) == 0 {
		return ""
	}
	return strings.Join(append(list, "setsar=1"), ",")
}

// background is the colour around the picture; a video cannot be transparent.
func (p *planner) background() string {
	colour, given := strings.CutPrefix(p.asked.Resize.Background, "#")
	if !given {
		return "0xffffff"
	}
	return "0x" + colour
}

// sides are those of the stored picture.
func (p *planner) sides(r raster.Rect) string {
	if p.turned() {
		return fmt.Sprintf("%d:%d", r.Height, r.Width)
	}
	return fmt.Sprintf("%d:%d", r.Width, r.Height)
}

// corner is where r begins within whole, in the stored picture.
func (p *planner) corner(r, whole raster.Rect) string {
	right, bottom := whole.Width-r.X-r.Width, whole.Height-r.Y-r.Height
	switch p.rotation {
	case 90: // stored left is shown at the top
		return fmt.Sprintf("%d:%d", r.Y, right)
	case 180:
		return fmt.Sprintf("%d:%d", right, bottom)
	case 270:
		return fmt.Sprintf("%d:%d", bottom, r.X)
	}
	return fmt.Sprintf("%d:%d", r.X, r.Y)
}

func (p *planner) turned() bool { return p.rotation == 90 || p.rotation == 270 }
