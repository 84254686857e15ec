// Package config is what an operator can set: one struct, filled from flags, the
// environment and a YAML file, in that order of strength, and checked as a whole
// before anything is started.
//
// The struct's tags are the only list of settings there is: the flags, their
// help, the HAGGLE_* variables and the keys of the file all come from them.
package config
