package storage

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Folder is the folder of a local connector: path, which must lie in one of the roots that
// the operator allows, or may be relative where there is but one. It returns what is wrong
// with the path, or "". The folder need not be there; a link in it is a matter of the
// driver.
func Folder(roots []string, path string) (folder, wrong string) {
	switch {
	case len(roots) == 0:
		return "", "Is not possible here: the operator of this service allows no folder (COMPRESSOR_LOCAL_ROOTS)."
	case path == "":
		return "", "Is required for provider 'local': a folder below one of COMPRESSOR_LOCAL_ROOTS."
	case strings.ContainsFunc(path, unicode.IsControl) || slices.Contains(strings.Split(path, "/"), ".."):
		return "", "Must have no segment .. and no control characters; got " + Shown(path) + "."
	case !filepath.IsAbs(path) && len(roots) > 1:
		return "", "Must be absolute, since there are several of COMPRESSOR_LOCAL_ROOTS; got " + Shown(path) + "."
	case !filepath.IsAbs(path):
		return filepath.Join(roots[0], path), ""
	}
	folder = filepath.Clean(path)
	for _, root := range roots {
		if root = filepath.Clean(root); folder == root || strings.HasPrefix(folder, strings.TrimSuffix(root, "/")+"/") {
			return folder, ""
		}
	}
	return "", "Must be a folder below one of COMPRESSOR_LOCAL_ROOTS; got " + Shown(path) + "."
}
