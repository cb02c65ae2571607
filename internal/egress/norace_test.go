//go:build !race

package egress

// oracleCount is how many random addresses are compared with the oracle.
const oracleCount = 1_000_000
