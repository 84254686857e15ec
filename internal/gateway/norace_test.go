//go:build !race

package gateway

// simulations is how many runs there are.
const simulations = 3000
