package engine

// Version is raised whenever the same file with the same options may come out as other
// bytes, or with another report. Equal versions on equal libraries give equal results.
const Version = 9
