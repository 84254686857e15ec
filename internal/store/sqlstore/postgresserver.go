package sqlstore

import (
	"fmt"
	"strconv"
	"strings"
)

// leastPostgres is the oldest version that Haggle is written for.
const leastPostgres = 14

// checkPostgres refuses a server that cannot keep what Haggle promises, by what it says
// of itself when it lets somebody in.
func checkPostgres(status func(name string) string) error {
	if err := knownPostgres(status("server_version")); err != nil {
		return err
	}
	if encoding := status("server_encoding"); encoding != "UTF8" {
		return fmt.Errorf("the database's encoding is %s: make one with UTF8", encoding)
	}
	return nil
}

// knownPostgres refuses versions that are too old.
func knownPostgres(version string) error {
	number := version
	if end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		number = version[:end]
	}
	major, err := strconv.Atoi(number)
	if err != nil {
		return fmt.Errorf("the database is of version %q, which is none of PostgreSQL's", version)
	}
	if major < leastPostgres {
		return fmt.Errorf("the database is PostgreSQL %s, which is too old: Haggle needs %d or newer", version, leastPostgres)
	}
	return nil
}
