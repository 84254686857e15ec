// Package phpvalue reads and writes the text of PHP's serialize(): null, booleans,
// numbers, strings and arrays in their order. Objects and references are refused, in
// whatever disguise: they are code to PHP, and nothing of ours has any.
//
// The libraries there are read into Go's maps, which lose the order of an array, and
// bound neither depth nor what a length promises.
package phpvalue

import "strconv"

// Value is nil, a bool, an int64, a Float, a string or an *Array.
type Value any

// Float is a number with a fraction, in PHP's own words, so that it is written as it
// was read.
type Float string

// Key is a key of an array: a number, or a text that is none.
type Key struct {
	Int  int64
	Text string // of a key that is no number
	Word bool   // it is Text
}

// KeyOf returns the key under which PHP keeps s: a text that is a whole number as PHP
// writes it is that number.
func KeyOf(s string) Key {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
		return Key{Int: n}
	}
	return Key{Text: s, Word: true}
}

// Array is PHP's array: values by key, in the order in which their keys came. The zero
// value is an empty one.
type Array struct {
	keys   []Key
	values map[Key]Value
}

// Len returns the number of values.
func (a *Array) Len() int { return len(a.keys) }

// Get returns the value under a key.
func (a *Array) Get(k Key) (Value, bool) {
	v, ok := a.values[k]
	return v, ok
}

// Set puts a value under a key, at the end if the key is new.
func (a *Array) Set(k Key, v Value) {
	if _, ok := a.values[k]; !ok {
		a.keys = append(a.keys, k)
	}
	if a.values == nil {
		a.values = make(map[Key]Value)
	}
	a.values[k] = v
}

// Replace is PHP's array_replace_recursive: what by has takes the place of what a has
// under the same key, except that two arrays become one by the same rule. What by holds
// is a's from then on.
func (a *Array) Replace(by *Array) {
	for _, k := range by.keys {
		v := by.values[k]
		if inner, ok := v.(*Array); ok {
			if mine, ok := a.values[k].(*Array); ok {
				mine.Replace(inner)
				continue
			}
		}
		a.Set(k, v)
	}
}

// IsList reports whether the keys are 0, 1, 2 and so on.
func (a *Array) IsList() bool {
	for i, k := range a.keys {
		if k != (Key{Int: int64(i)}) {
			return false
		}
	}
	return true
}
