package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// LibraryEnv names the environment variable that gives the library's path.
const LibraryEnv = "PEERGLASS_ENGINE_LIB"

// FindLibrary gives the absolute path of the engine library: explicit if that
// is not empty, else the one that PEERGLASS_ENGINE_LIB names, else the first
// found beside this program, in node_modules of the working directory, of the
// program's folder or of a folder above either, and in /usr/lib/peerglass. The
// error says how to install it.
func FindLibrary(explicit string) (string, error) {
	if explicit == "" {
		explicit = os.Getenv(LibraryEnv)
	}
	if explicit != "" {
		path, err := filepath.Abs(explicit)
		if err == nil {
			_, err = os.Stat(path)
		}
		if err != nil {
			return "", fmt.Errorf("the engine library is not where it was said to be: %w. %s", err, howToInstall)
		}
		return path, nil
	}
	var starts []string
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		beside := filepath.Join(filepath.Dir(self), libraryName)
		if isFile(beside) {
			return beside, nil
		}
		starts = append(starts, filepath.Dir(self))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append([]string{wd}, starts...)
	}
	inPackage := filepath.Join("node_modules", "@chdb", packageName(), libraryName)
	for _, dir := range starts {
		for {
			if path := filepath.Join(dir, inPackage); isFile(path) {
				return path, nil
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	if path := filepath.Join("/usr/lib/peerglass", libraryName); isFile(path) {
		return path, nil
	}
	return "", fmt.Errorf("the engine library %s was not found. %s", libraryName, howToInstall)
}

const howToInstall = "Run `npm ci` in the repository (it installs the library as the npm package @chdb/lib-<platform>), " +
	"or give its path with --engine-lib or " + LibraryEnv

// libraryName is the file's name, the same on every platform of the package.
const libraryName = "libchdb.so"

// packageName is the npm package with this platform's library.
func packageName() string {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	name := "lib-" + runtime.GOOS + "-" + arch
	if runtime.GOOS == "linux" {
		name += "-gnu"
	}
	return name
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
