// Package jobprocess is the job role: one caged process, one job. The service puts the
// input into the process's private folder and sends a [Request]; the process answers with
// [Progress] and one [Outcome], and leaves its result in the folder's out.
//
// The child's side is [Serve]. The parent's side is [Pool], which keeps a few processes
// started ahead. The parent believes nothing the child says without looking: lines are
// bounded, problems are checked against the table, and a result must be a regular file
// of bounded size in the folder. A small one is copied out at once; a larger one is looked
// at when the process and its whole group are gone. Whether a job whose process died is
// tried again is the caller's decision.
package jobprocess
