//go:build race

package gateway

// simulations is how many runs there are. The race detector makes each of them ten times
// as dear.
const simulations = 500
