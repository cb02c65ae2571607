// Package decoders opens files by programs that the service does not use, for tests: what
// wrote a file must not be what says that it is good. It imports nothing of the service.
package decoders
