package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// resultMark is what the name of a result beside its original has more.
const resultMark = ".compressed"

// item is one file to handle.
type item struct {
	path    string      // as given, or below the folder as given
	real    string      // the file itself, behind links
	info    os.FileInfo // nil if there is no such file
	format  format.Row
	mayBe   []format.Row // formats the result may have, the own one included
	folder  string       // where the result goes
	mark    string       // what the result's name has before its extension
	inPlace bool
	skip    bool  // of a kind that is not handled, in a folder
	err     error // known before any work
}

// idle says that there is nothing to do for the item.
func (it item) idle() bool { return it.skip || it.err != nil }

// result is the path of the result in a format.
func (it item) result(row format.Row) string {
	if it.inPlace {
		return it.real
	}
	return it.placed(row.Name(filepath.Base(it.path)))
}

// untouched is the path of a result that is the file as it was: its name stays, too.
func (it item) untouched() string {
	if it.inPlace {
		return it.real
	}
	return it.placed(filepath.Base(it.path))
}

// placed puts a result of this name where results go.
func (it item) placed(name string) string {
	ext := filepath.Ext(name)
	return filepath.Join(it.folder, strings.TrimSuffix(name, ext)+it.mark+ext)
}

// targets are all paths that the result may have, each once.
func (it item) targets() []string {
	var paths []string
	for _, row := range it.mayBe {
		paths = append(paths, it.result(row))
	}
	if own := it.untouched(); len(paths) > 0 && !slices.Contains(paths, own) {
		paths = append(paths, own)
	}
	return paths
}

// plan finds the files and where their results go. It refuses before any work what would
// overwrite something.
func plan(o order) ([]item, error) {
	p := planner{order: o}
	for _, input := range o.inputs {
		info, err := os.Stat(input)
		switch {
		case err != nil:
			p.items = append(p.items, item{path: input, err: unreadable(err)})
		case info.IsDir():
			if err := p.folder(input); err != nil {
				return nil, err
			}
		default:
			p.file(input, info)
		}
	}
	return p.settle()
}

// planner gathers items.
type planner struct {
	order     order
	items     []item
	originals map[fileID]bool
	taken     map[string]item // by absolute path of the result
}

// unreadable is the problem of a file that cannot be opened.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return problem.Newf(problem.NotFound, "There is no such file.")
	}
	return problem.Newf(problem.SourceFailed, "The file cannot be read: %v.", rootCause(err)).Because(err)
}

// file adds a file that was named.
func (p *planner) file(path string, info os.FileInfo) {
	it := item{path: path, real: path, info: info, folder: filepath.Dir(path), mark: resultMark}
	if p.order.output != "" {
		it.folder, it.mark = p.order.output, ""
	}
	it.err = p.detect(&it)
	p.items = append(p.items, it)
}

// folder adds the files in a folder that was named.
func (p *planner) folder(root string) error {
	top, err := filepath.EvalSymlinks(root) // or the walk would stop at a link
	if err != nil {
		return err
	}
	out := p.order.output
	if out == "" && !p.order.inPlace {
		if out, err = beside(top); err != nil {
			return err
		}
	}
	results, _ := os.Stat(out)
	return filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		below, relErr := filepath.Rel(top, path)
		if relErr != nil {
			return relErr
		}
		shown := filepath.Join(root, below)
		switch {
		case err != nil:
			p.items = append(p.items, item{path: shown, err: unreadable(err)})
			return nil
		case below != "." && strings.HasPrefix(entry.Name(), "."):
			return passOver(entry)
		case entry.IsDir():
			if info, err := entry.Info(); below != "." && err == nil && results != nil && os.SameFile(info, results) {
				return fs.SkipDir // results are no inputs
			}
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		it := item{path: shown, real: path, folder: filepath.Join(out, filepath.Dir(below))}
		if it.info, it.err = entry.Info(); it.err != nil {
			it.err = unreadable(it.err)
		} else {
			it.err = p.detect(&it)
			if problem.Has(it.err, problem.FormatUnsupported) || (problem.Has(it.err, problem.FileEmpty) && !p.named(path)) {
				it.skip, it.err = true, nil
			}
		}
		p.items = append(p.items, it)
		return nil
	})
}

// passOver leaves a folder or file out.
func passOver(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// beside is the folder beside a folder that its results go to by default.
func beside(folder string) (string, error) {
	whole, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	if filepath.Dir(whole) == whole {
		return "", badArguments([]problem.Field{{Path: folder, Message: "Has no place beside it; say -o DIR or --in-place."}})
	}
	if filepath.IsAbs(folder) || filepath.Base(folder) != filepath.Base(whole) { // "." or ".."
		return whole + resultMark, nil
	}
	return filepath.Clean(folder) + resultMark, nil
}

// named says whether a file's name is that of a kind that is handled.
func (p *planner) named(path string) bool {
	ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	return slices.ContainsFunc(p.order.formats.Rows(), func(r format.Row) bool { return slices.Contains(r.Ext, ext) })
}

// detect finds what a file is, from its first bytes, and what may become of it.
func (p *planner) detect(it *item) error {
	if !it.info.Mode().IsRegular() {
		return problem.Newf(problem.FormatUnsupported, "This is not a regular file.")
	}
	f, err := os.Open(it.real)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	row, err := p.order.formats.Detect(f, it.info.Size(), it.path)
	if err != nil {
		return err
	}
	it.format = row
	for _, id := range p.order.recipe.MayBe(row.Family, row.ID) {
		for _, other := range p.order.formats.Rows() {
			known := slices.ContainsFunc(it.mayBe, func(r format.Row) bool { return r.ID == other.ID })
			if !known && (other.ID == id || id == recipe.Best && suitsWeb(row, other)) {
				it.mayBe = append(it.mayBe, other)
			}
		}
	}
	if !p.order.inPlace {
		return nil
	}
	it.inPlace = true
	it.real, err = filepath.EvalSymlinks(it.real) // the file is replaced, not the link to it
	if err == nil && slices.ContainsFunc(it.mayBe, func(r format.Row) bool { return r.ID != row.ID }) {
		err = problem.Newf(problem.OptionsInvalid, "In place a file keeps its format, %s; leave --in-place out to convert it.", row.Label)
	}
	return err
}

// suitsWeb says whether what is a row may come out as other where the best format for the
// web was asked for.
func suitsWeb(row, other format.Row) bool {
	return other.Family == row.Family && other.Web && row.Vector == other.Vector
}

// fileID is what makes two names the same file.
type fileID struct{ device, number uint64 }

func idOf(info os.FileInfo) fileID {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fileID{s.Dev, s.Ino}
	}
	return fileID{}
}

// maxConflicts is how many conflicts one message names.
const maxConflicts = 20

// settle drops what was named twice and refuses results that would overwrite an original,
// each other or, without --force, anything.
func (p *planner) settle() ([]item, error) {
	p.originals, p.taken = map[fileID]bool{}, map[string]item{}
	for _, it := range p.items {
		if it.info != nil {
			p.originals[idOf(it.info)] = true
		}
	}
	var kept []item
	var wrong []problem.Field
	for _, it := range p.items {
		again := false
		for _, target := range it.targets() {
			twice, conflict := p.take(it, target)
			again = again || twice
			if conflict != "" {
				wrong = append(wrong, problem.Field{Path: printable(it.path), Message: conflict})
			}
		}
		if !again {
			kept = append(kept, it)
		}
	}
	if n := len(wrong); n > maxConflicts {
		wrong = append(wrong[:maxConflicts], problem.Field{Path: "…", Message: fmt.Sprintf("And %d more.", n-maxConflicts)})
	}
	return kept, badArguments(wrong)
}

// take reserves a result's path for an item. twice: for the same file it is taken already.
// conflict: why it may not be written, or "".
func (p *planner) take(it item, target string) (twice bool, conflict string) {
	if it.idle() {
		return false, ""
	}
	whole, err := filepath.Abs(target)
	if err != nil {
		return false, "Cannot be found: " + rootCause(err).Error() + "."
	}
	before, taken := p.taken[whole]
	switch {
	case taken && os.SameFile(before.info, it.info):
		return true, ""
	case taken:
		return false, fmt.Sprintf("Its result would be '%s', as that of '%s'.", printable(target), printable(before.path))
	}
	p.taken[whole] = it
	if it.inPlace {
		return false, ""
	}
	return false, p.occupied(target)
}

// occupied says why a result may not go where something is, or "".
func (p *planner) occupied(target string) string {
	info, err := os.Lstat(target)
	switch {
	case err != nil:
		return "" // nothing there, or it is told when the result is written
	case info.IsDir():
		return fmt.Sprintf("'%s' is a folder.", printable(target))
	case p.originals[idOf(info)]:
		return fmt.Sprintf("Its result would replace the original '%s'; --in-place does that.", printable(target))
	case !p.order.force:
		return fmt.Sprintf("'%s' exists already; --force overwrites it.", printable(target))
	}
	return ""
}
