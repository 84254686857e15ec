package backup

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"haggle/internal/store/sqlstore"
)

// The names in a backup.
const (
	databaseName = "haggle.db"
	filesName    = "files"
	sumsName     = "SHA256SUMS"
	manifestName = "manifest.json"
)

// format is the version of what this package writes, and the newest that it reads.
const format = 1

// PicturesInside is what a manifest says where the pictures are in the backup.
const PicturesInside = "files"

// maxNamed is how many missing pictures a manifest names.
const maxNamed = 100

// maxManifest is more than a manifest has.
const maxManifest = 1 << 20

// Manifest says what is in a backup.
type Manifest struct {
	Format   int            `json:"format"`
	Version  string         `json:"version"` // of the program that made it
	MadeAt   time.Time      `json:"made_at"` // when the database was copied
	Database sqlstore.Facts `json:"database"`
	Pictures string         `json:"pictures"` // PicturesInside, or where else they are
	Entries  int64          `json:"entries"`  // database and pictures' blobs
	Bytes    int64          `json:"bytes"`    // of all of them
	Sums     string         `json:"sums_sha256"`

	// Gone counts pictures that were deleted between the copy of the database and
	// their own: taken back, or never sent.
	Gone int64 `json:"gone"`

	// Missing counts pictures that the database knows, then and still, and whose
	// bytes were not there.
	Missing      int64    `json:"missing"`
	MissingFiles []string `json:"missing_files,omitempty"` // the first of them
}

func (m *Manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func decodeManifest(data []byte) (m Manifest, err error) {
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	if m.Format < 1 || m.Format > format {
		return m, fmt.Errorf("the backup has format %d, this program reads up to %d: it was made by haggle %s, use that or a newer one", m.Format, format, m.Version)
	}
	return m, nil
}

// sumLine is what SHA256SUMS says of an entry.
func sumLine(sum []byte, name string) string { return fmt.Sprintf("%x  %s\n", sum, name) }

// ordinary reports whether a backup may hold an entry of that name: nothing in it
// leads elsewhere.
func ordinary(name string) bool {
	switch name {
	case databaseName, sumsName, manifestName:
		return true
	}
	key, ok := strings.CutPrefix(name, filesName+"/")
	return ok && path.Clean("/"+key) == "/"+key && !strings.ContainsAny(key, "\\\n\x00") && !strings.HasPrefix(key, ".")
}
