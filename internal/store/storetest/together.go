package storetest

import "testing"

func togetherCases() []testCase {
	return nil
}

var _ = testing.Short
