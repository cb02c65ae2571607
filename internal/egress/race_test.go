//go:build race

package egress

// oracleCount is smaller under the race detector, which makes each comparison some thirty
// times slower and has nothing to find in a pure function.
const oracleCount = 50_000
