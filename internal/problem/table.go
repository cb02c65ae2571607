package problem

// Code is a stable, kebab-case name of one kind of failure. It never changes meaning.
type Code string

// The codes. Their meaning stands in the table below, and in docs/generated/errors.md.
const (
	MultipartBroken      Code = "multipart-broken"
	KeyMissing           Code = "key-missing"
	KeyInvalid           Code = "key-invalid"
	ScopeMissing         Code = "scope-missing"
	NotFound             Code = "not-found"
	MethodNotAllowed     Code = "method-not-allowed"
	UploadStalled        Code = "upload-stalled"
	IdempotencyConflict  Code = "idempotency-conflict"
	LinkExpired          Code = "link-expired"
	TusVersion           Code = "tus-version"
	OffsetConflict       Code = "offset-conflict"
	UploadLocked         Code = "upload-locked"
	FileTooLarge         Code = "file-too-large"
	RangeInvalid         Code = "range-invalid"
	MediaTypeUnsupported Code = "media-type-unsupported"
	FormatUnsupported    Code = "format-unsupported"
	BodyNotJSON          Code = "body-not-json"
	OptionsInvalid       Code = "options-invalid"
	FileEmpty            Code = "file-empty"
	FileCorrupt          Code = "file-corrupt"
	FileEncrypted        Code = "file-encrypted"
	LimitExceeded        Code = "limit-exceeded"
	FormatUnsafe         Code = "format-unsafe"
	TargetUnreachable    Code = "target-unreachable"
	PreserveImpossible   Code = "preserve-impossible"
	SourceForbidden      Code = "source-forbidden"
	SourceFailed         Code = "source-failed"
	SourceTooSlow        Code = "source-too-slow"
	RateLimited          Code = "rate-limited"
	KeyBusy              Code = "key-busy"
	Canceled             Code = "canceled"
	WorkerDied           Code = "worker-died"
	WorkerTimeout        Code = "worker-timeout"
	StoreFailed          Code = "store-failed"
	QueueFull            Code = "queue-full"
	Draining             Code = "draining"
	StorageFull          Code = "storage-full"
	Internal             Code = "internal"
)

// Exit codes of the command line.
const (
	ExitInternal = 1 // our fault
	ExitUsage    = 2 // the call is wrong
	ExitDenied   = 3 // key or right
	ExitMissing  = 4 // no such thing
	ExitFile     = 5 // the file cannot be handled
	ExitOutside  = 6 // something outside failed or is busy: try again later
)

// Row is one line of the table: what a code means to each kind of caller.
type Row struct {
	Code    Code
	HTTP    int
	Exit    int
	Retries int // how often the platform itself tries the job again
	When    string
	message string
}

// table is the one place that maps a code to HTTP, exit code and retry
// (api.md, section 5). Order is that of the documentation.
var table = [...]Row{
	{MultipartBroken, 400, ExitUsage, 0, "the form cannot be parsed", "The multipart form could not be read."},
	{KeyMissing, 401, ExitDenied, 0, "no key was given", "A valid API key is required."},
	{KeyInvalid, 401, ExitDenied, 0, "the key is unknown, malformed, expired or revoked", "A valid API key is required."},
	{ScopeMissing, 403, ExitDenied, 0, "a good key, not for this", "This API key may not do that."},
	{NotFound, 404, ExitMissing, 0, "unknown or foreign job, link, connector or route", "There is nothing here by that name."},
	{MethodNotAllowed, 405, ExitUsage, 0, "the route exists, the method does not", "This method is not allowed here."},
	{UploadStalled, 408, ExitOutside, 0, "the body stopped moving", "The upload stopped moving and was given up."},
	{IdempotencyConflict, 409, ExitUsage, 0, "same idempotency key, another body", "This idempotency key was used with another request."},
	{LinkExpired, 410, ExitMissing, 0, "a known link past its time", "This link has expired."},
	{OffsetConflict, 409, ExitUsage, 0, "a piece of a resumable upload that does not begin where the last one ended", "The upload stands at another offset. HEAD tells which."},
	{TusVersion, 412, ExitUsage, 0, "a resumable upload without the header Tus-Resumable: 1.0.0", "This endpoint speaks version 1.0.0 of tus and needs the header Tus-Resumable."},
	{FileTooLarge, 413, ExitUsage, 0, "over the operator's limit, upload or fetch", "The file is larger than allowed here."},
	{RangeInvalid, 416, ExitUsage, 0, "a Range that lies outside the file", "The range lies outside the file."},
	{MediaTypeUnsupported, 415, ExitUsage, 0, "a body of another media type than the endpoint takes", "This endpoint takes another Content-Type."},
	{FormatUnsupported, 415, ExitFile, 0, "a kind of file that is not handled", "This kind of file is not handled."},
	{BodyNotJSON, 422, ExitUsage, 0, "the body, or the field data, is not JSON", "Incoming request body does not contain a valid JSON data"},
	{OptionsInvalid, 422, ExitUsage, 0, "a wrong parameter; every one is named", "Validation failed for one or more parameters"},
	{FileEmpty, 422, ExitFile, 0, "zero bytes", "The file is empty."},
	{FileCorrupt, 422, ExitFile, 0, "the file is damaged", "The file is damaged or incomplete."},
	{FileEncrypted, 422, ExitFile, 0, "the file needs a password", "The file is encrypted and needs a password."},
	{LimitExceeded, 422, ExitFile, 0, "pixels, pages, depth, entries or ratio over a limit", "The file is over a limit of this service."},
	{FormatUnsafe, 422, ExitFile, 0, "external entity, or script where none may be", "The file holds something unsafe."},
	{TargetUnreachable, 422, ExitFile, 0, "the asked size cannot be met", "The asked size cannot be reached."},
	{PreserveImpossible, 422, ExitFile, 0, "asked to keep what cannot be kept", "What should be preserved cannot be kept in this format."},
	{SourceForbidden, 422, ExitUsage, 0, "the address is not allowed", "That address may not be fetched from."},
	{SourceFailed, 422, ExitOutside, 2, "the source answered with an error, or not at all", "The file could not be fetched."},
	{SourceTooSlow, 504, ExitOutside, 2, "the source did not answer in time", "The remote server was too slow."},
	{UploadLocked, 423, ExitOutside, 0, "another request holds the same resumable upload", "Another request holds this upload. Try again."},
	{RateLimited, 429, ExitOutside, 0, "the rate window of this key is spent", "Rate limit exceeded."},
	{KeyBusy, 429, ExitOutside, 0, "this key has too much running or queued", "This key has too many jobs in flight."},
	{Canceled, 409, ExitOutside, 0, "the job was canceled", "The job was canceled."},
	{WorkerDied, 422, ExitFile, 1, "the job process crashed, twice", "The process that handled this file died."},
	{WorkerTimeout, 422, ExitFile, 1, "the job process hit its wall, CPU or memory limit, twice", "The file took longer or needed more memory than allowed."},
	{StoreFailed, 502, ExitOutside, 0, "the destination refused the result", "The result could not be stored at its destination."},
	{QueueFull, 503, ExitOutside, 0, "the queue is full", "The service is busy. Try again later."},
	{Draining, 503, ExitOutside, 0, "the service is stopping", "The service is restarting. Try again shortly."},
	{StorageFull, 507, ExitOutside, 0, "the disk is low", "The service is short of disk space."},
	{Internal, 500, ExitInternal, 1, "our fault; the id stands in the log", "Something went wrong on our side."},
}

// Table returns a copy of the table, for documentation and tests.
func Table() []Row { return append([]Row(nil), table[:]...) }

// HTTP is the status an HTTP reply with this code carries.
func (c Code) HTTP() int { return c.row().HTTP }

// Exit is the command line's exit code.
func (c Code) Exit() int { return c.row().Exit }

// Retries says how often the platform tries such a job again by itself.
func (c Code) Retries() int { return c.row().Retries }

// row finds the line of c; an unknown code is our own fault and reads as internal.
func (c Code) row() Row {
	for _, r := range table {
		if r.Code == c {
			return r
		}
	}
	return table[len(table)-1]
}
