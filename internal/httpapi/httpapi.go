// Package httpapi is the HTTP edge: it turns requests into submissions and jobs into
// replies, in the words of the documented API, version 1.0. It decides who may ask, how
// often, and how long a connection is held. What a file is, it never knows.
//
// One file holds one endpoint. The order within a request is fixed: limits of the
// connection, the key, its rate, its scope, and only then the body; so a refused upload
// costs nobody its bytes.
package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/tus/tusd/v2/pkg/handler"

	"compressor/internal/account"
	"compressor/internal/format"
	"compressor/internal/intake"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/resumable"
	"compressor/internal/schema"
	"compressor/internal/webhook"
	"compressor/internal/work"
)

// Keys knows who holds an API key. account.Keys is one.
type Keys interface {
	// Authenticate returns the key behind secret. Errors: key-missing for "", key-invalid.
	Authenticate(ctx context.Context, secret string) (account.Key, error)

	// For those who manage keys; errors as account.Keys has them.
	Page(ctx context.Context, offset, limit int) ([]account.Key, error)
	Get(ctx context.Context, id string) (account.Key, error)
	Make(ctx context.Context, like account.Key) (secret string, key account.Key, err error)
	ChangeSafely(ctx context.Context, id string, edit func(*account.Key)) (account.Key, error)
	RevokeSafely(ctx context.Context, id string) (account.Key, error)
}

// Meter counts what keys do. account.Meter is one.
type Meter interface {
	Spend(key account.Key, b account.Bucket) (w account.Window, ok bool)
	Peek(key account.Key, b account.Bucket) account.Window
	Count(keyID string, u account.Usage)
	Usage(ctx context.Context, keyID string) (account.Usage, error)
	Days(ctx context.Context, keyID string) ([]account.Day, error)
}

// Desk is where jobs are taken in and results handed out, by who needs what of it.
// work.Desk is one, and its methods say what they promise.
type Desk interface {
	Submitter
	Jobs
	Results
	// Readmit is called when the limits of a key have changed.
	Readmit(ctx context.Context, keyID string) error
	// Ready is nil when work is taken, or says why not.
	Ready(ctx context.Context) error
	// Room is nil when a file of size bytes would be taken.
	Room(size int64) error
}

// Submitter is what the endpoints need that take files.
type Submitter interface {
	Submit(ctx context.Context, s work.Submission) (work.Receipt, error)
	SubmitBatch(ctx context.Context, b work.Batch) (work.Receipt, error)
	// Wait waits at most d for the job to end, and returns it as it then stands.
	Wait(ctx context.Context, id string, d time.Duration) (job.Job, error)
	// Durable is called before a request that was waited for is answered 202.
	Durable(ctx context.Context, id string) error
}

// Jobs is what the endpoints need that tell of jobs. Errors: not-found.
type Jobs interface {
	Get(ctx context.Context, id string) (job.Job, error)
	// Items calls each with the items of a batch, in order.
	Items(ctx context.Context, id string, each func(job.Job) error) error
	// WaitChange waits at most d for the job's state to be another than seen.
	WaitChange(ctx context.Context, id string, seen job.State, d time.Duration) (job.Job, error)
	// Watch returns a channel that holds a signal once the job has changed.
	Watch(id string) (changed <-chan struct{}, end func())
	Cancel(ctx context.Context, id string) (job.Job, error)
	// List calls each with the jobs of q, newest first; more says that others follow.
	List(ctx context.Context, q job.Query, each func(job.Job) error) (more bool, err error)
}

// Results hands out results by the secret id of their link. Errors: not-found, link-expired.
type Results interface {
	// OpenResult gives no file for a batch: its results are those of its items.
	OpenResult(ctx context.Context, linkID string) (job.Job, *os.File, error)
	// OpenItem opens the result of an item. Error: an fs.ErrNotExist when it was removed.
	OpenItem(j job.Job) (*os.File, error)
}

// Staging makes private folders to receive uploads in. disk.Store is one.
type Staging interface{ Incoming() (string, error) }

// Webhooks takes orders to tell of the end of a job, and keeps their log and the secrets
// they are signed with. webhook.Box is one, and its methods say what they promise.
type Webhooks interface {
	Notice(keyID string, o webhook.Order) (json.RawMessage, error)
	List(ctx context.Context, keyID string, state webhook.State, offset, limit int) (list []webhook.Delivery, total int, err error)
	Get(ctx context.Context, keyID, id string) (webhook.Delivery, error)
	Replay(ctx context.Context, keyID, id string) (webhook.Delivery, error)
	Secrets(ctx context.Context, keyID string) ([]webhook.Secret, error)
	MakeSecret(ctx context.Context, keyID string) (text string, s webhook.Secret, err error)
	DropSecret(ctx context.Context, keyID, id string) error
}

// Sources says where nothing may be fetched from, as far as an address alone can tell.
// egress.Client is one.
type Sources interface{ Refuses(to *url.URL) error }

// Config is how the edge behaves.
type Config struct {
	BaseURL     string        // of links, without a slash at its end
	Hold        time.Duration // how long a connection is held before it is answered 202
	SyncBytes   int64         // bytes: a larger input is not waited for
	RateWindow  time.Duration // as the account tells it
	Limits      intake.Limits // of an upload; zero fields take the defaults of package intake
	BatchBytes  int64         // bytes: most that the files of a batch have together; 0 is 16 GiB
	Pace        intake.Pace   // of a body, and of a download; zero fields likewise
	Origins     []string      // of web pages that may call from a browser; "*" is any
	Connections int           // most connections open at once; 0 is 10,000
	Streams     int           // most event streams of one key open at once; 0 is 2,000
	PerKey      account.Own   // limits of jobs of a key that has none of its own, as the account tells them
	Version     string        // of this build
	Sandbox     string        // one line on the cage, for the health check
}

// Services is what the edge stands on.
type Services struct {
	Keys       Keys
	Meter      Meter
	Desk       Desk
	Webhooks   Webhooks
	Sources    Sources
	Stores     Stores
	Connectors Connectors
	Staging    Staging
	Uploads    *resumable.Box
	Formats    *format.Table
	Options    schema.Opts // the words that the tags of package recipe leave open
	Log        *slog.Logger
	Now        func() time.Time
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	config     Config
	to         Services
	mux        *http.ServeMux
	uploads    *schema.Schema
	fetches    *schema.Schema
	fetchItems *schema.Schema
	fileItems  *schema.Schema
	prefixes   *schema.Schema
	ofItems    map[string]bool // names of the options that items may have
	keyBodies  *schema.Schema

	connectorBodies, connectorPatches, trialBodies *schema.Schema

	streams streams
	groups  []string // names of the option hashes, "image" and such
	openapi []byte
	tus     *handler.UnroutedHandler

	http     *http.Server
	slots    chan struct{} // one taken for each open connection
	leaving  chan struct{} // closed when nobody is held any more
	leaveNow sync.Once
}

// New puts the edge together. An error is a mistake in the option structs.
func New(c Config, to Services) (*Server, error) {
	if c.Limits.File <= 0 {
		c.Limits.File = intake.DefaultMaxFile
	}
	if c.BatchBytes <= 0 {
		c.BatchBytes = 16 << 30
	}
	if c.Pace.Stall <= 0 {
		c.Pace.Stall = 30 * time.Second
	}
	if c.Pace.Rate <= 0 {
		c.Pace.Rate = 10 << 10
	}
	if c.Connections <= 0 {
		c.Connections = 10_000
	}
	if c.Streams <= 0 {
		c.Streams = 2_000
	}
	s := &Server{
		config: c, to: to, mux: http.NewServeMux(),
		slots: make(chan struct{}, c.Connections), leaving: make(chan struct{}),
	}
	if err := s.readOptions(); err != nil {
		return nil, err
	}
	var err error
	if s.tus, err = s.newTus(); err != nil {
		return nil, err
	}
	if s.keyBodies, err = schema.Of(keyBody{}, schema.Opts{}); err != nil {
		return nil, err
	}
	if s.connectorPatches, err = schema.Of(recipe.ConnectorPatch{}, schema.Opts{Patch: true}); err != nil {
		return nil, err
	}
	if s.openapi, err = s.describe(); err != nil {
		return nil, fmt.Errorf("OpenAPI: %w", err)
	}
	for _, r := range s.routes() {
		s.mount(r)
	}
	s.http = s.newHTTP()
	return s, nil
}

// readOptions reads the tags of the option structs.
func (s *Server) readOptions() error {
	for _, o := range []struct {
		to *(*schema.Schema)
		of any
	}{{&s.uploads, recipe.Upload{}}, {&s.fetches, recipe.Fetch{}}, {&s.fetchItems, recipe.FetchItem{}}, {&s.fileItems, recipe.FileItem{}}, {&s.prefixes, recipe.Prefix{}},
		{&s.connectorBodies, recipe.Connector{}}, {&s.trialBodies, trialBody{}}} {
		read, err := schema.Of(o.of, s.to.Options)
		if err != nil {
			return err
		}
		*o.to = read
	}
	for _, o := range s.uploads.Options() {
		if o.Type == "hash" && !strings.Contains(o.Path, ".") && o.Path != "webhook" && o.Path != "store" {
			s.groups = append(s.groups, o.Path)
		}
	}
	s.ofItems = map[string]bool{}
	for _, o := range s.fileItems.Options() {
		if !strings.Contains(o.Path, ".") {
			s.ofItems[o.Path] = true
		}
	}
	return nil
}

// route is one path and what may be done there.
type route struct {
	pattern string
	known   func(*http.Request) bool // nil: every path that fits the pattern is one
	asks    string                   // the method that reads a query; for the others every parameter is unknown
	methods map[string]call
}

// call is one method of a route.
type call struct {
	do     func(*exchange) error
	scope  account.Scope // what the key must be good for; "" if no key is needed
	bucket account.Bucket
}

// routes is the whole surface. Whatever answers GET answers HEAD, too, if not in its own way.
func (s *Server) routes() []route {
	open := func(do func(*exchange) error) map[string]call {
		return map[string]call{http.MethodGet: {do: do}}
	}
	one := func(method string, c call) map[string]call { return map[string]call{method: c} }
	creation := map[string]call{
		http.MethodPost:    {s.createUpload, account.Compress, account.Requests},
		http.MethodOptions: {s.uploadOptions, account.Compress, account.Reads},
	}
	return append(s.connectorRoutes(), []route{
		{pattern: "/1.0/account", methods: one(http.MethodGet, call{s.account, account.Read, account.Requests})},
		{pattern: "/1.0/upload", methods: one(http.MethodPost, call{s.upload, account.Compress, account.Requests})},
		{pattern: "/1.0/fetch", methods: one(http.MethodPost, call{s.fetch, account.Compress, account.Requests})},
		{pattern: "/1.0/batch", methods: one(http.MethodPost, call{s.batch, account.Compress, account.Requests})},
		{pattern: "/1.0/jobs", asks: http.MethodGet, methods: one(http.MethodGet, call{s.list, account.Read, account.Reads})},
		{pattern: "/1.0/jobs/{id}", asks: http.MethodGet, methods: map[string]call{
			http.MethodGet:    {s.poll, account.Read, account.Reads},
			http.MethodDelete: {s.cancel, account.Compress, account.Reads},
		}},
		{pattern: "/1.0/jobs/{id}/events", methods: one(http.MethodGet, call{s.events, account.Read, account.Reads})},
		{pattern: "/1.0/uploads", methods: creation},
		{pattern: "/1.0/uploads/{$}", methods: creation},
		{pattern: "/1.0/uploads/{id}", methods: map[string]call{
			http.MethodGet:     {s.uploadState, account.Compress, account.Reads},
			http.MethodHead:    {s.uploadOffset, account.Compress, account.Reads},
			http.MethodPatch:   {s.appendUpload, account.Compress, account.Reads},
			http.MethodDelete:  {s.endUpload, account.Compress, account.Reads},
			http.MethodOptions: {s.uploadOptions, account.Compress, account.Reads},
		}},
		{pattern: "/1.0/webhooks", asks: http.MethodGet, methods: one(http.MethodGet, call{s.webhooks, account.Read, account.Reads})},
		{pattern: "/1.0/webhooks/{id}", methods: one(http.MethodGet, call{s.webhook, account.Read, account.Reads})},
		{pattern: "/1.0/webhooks/{id}/replay", methods: one(http.MethodPost, call{s.replay, account.Compress, account.Requests})},
		{pattern: "/1.0/webhooks/secrets", asks: http.MethodDelete, methods: map[string]call{
			http.MethodGet:    {s.webhookSecrets, account.Read, account.Requests},
			http.MethodPost:   {s.makeWebhookSecret, account.Compress, account.Requests},
			http.MethodDelete: {s.dropWebhookSecret, account.Compress, account.Requests},
		}},
		{pattern: "/1.0/keys", asks: http.MethodGet, methods: map[string]call{
			http.MethodGet:  {s.listKeys, account.Admin, account.Requests},
			http.MethodPost: {s.makeKey, account.Admin, account.Requests},
		}},
		{pattern: "/1.0/keys/{id}", methods: map[string]call{
			http.MethodGet:    {s.lookAtKey, account.Admin, account.Requests},
			http.MethodPatch:  {s.changeKey, account.Admin, account.Requests},
			http.MethodDelete: {s.revokeKey, account.Admin, account.Requests},
		}},
		{pattern: "/1.0/openapi.json", methods: open(s.reference)},
		{pattern: "/healthz", methods: open(s.health)},
		{pattern: "/readyz", methods: open(s.ready)},
		{pattern: linkPattern, known: isLink, methods: map[string]call{
			http.MethodGet: {do: s.download, bucket: account.Reads},
		}},
		{pattern: "/", known: func(*http.Request) bool { return false }},
	}...)
}

func (s *Server) mount(r route) {
	s.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
		x := w.(*exchange) // ServeHTTP gives the mux nothing else
		if r.known != nil && !r.known(req) {
			x.unrouted(problem.New(problem.NotFound))
			return
		}
		x.route = r.pattern
		if x.isPreflight() {
			x.preflight(allowed(r.methods))
			return
		}
		method, ok := methodOf(req)
		c, known := r.methods[method]
		if !known && method == http.MethodHead {
			c, known = r.methods[http.MethodGet]
		}
		if !ok || !known {
			x.Header().Set("Allow", allowed(r.methods))
			x.unrouted(problem.New(problem.MethodNotAllowed))
			return
		}
		if method != req.Method { // in a copy: net/http would send no body where it sees HEAD
			x.r = req.WithContext(req.Context())
			x.r.Method = method
		}
		err := x.admit(c)
		if err == nil && c.scope != "" && !r.reads(method) {
			err = readQuery(req, nil)
		}
		if err == nil {
			err = c.do(x)
		}
		if err != nil {
			x.fail(err)
		}
	})
}

// reads says whether a method reads the query by itself.
func (r route) reads(method string) bool {
	return method == r.asks || method == http.MethodHead && r.asks == http.MethodGet
}

func allowed(methods map[string]call) string {
	var names []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		_, ok := methods[m]
		if _, get := methods[http.MethodGet]; ok || m == http.MethodHead && get {
			names = append(names, m)
		}
	}
	return strings.Join(names, ", ")
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{
		ResponseWriter: w, s: s, r: r, ctl: http.NewResponseController(w),
		id: uuid.NewString(), route: "unmatched", started: s.to.Now(),
	}
	x.ctl.SetWriteDeadline(time.Time{}) //nolint:errcheck // what an earlier request left; a connection without deadlines has none
	defer x.end()
	x.shareWith(s.config.Origins)
	if speaksTus(r.URL.Path) {
		x.Header().Set("Tus-Resumable", tusVersion)
	}
	// The mux would redirect an unclean path, in HTML, and answers CONNECT and * its own way.
	if !isClean(r.URL.EscapedPath()) {
		x.unrouted(problem.New(problem.NotFound))
		return
	}
	s.mux.ServeHTTP(x, r)
}

// isClean says whether the mux would take the path as it is.
func isClean(p string) bool {
	if !strings.HasPrefix(p, "/") {
		return false
	}
	c := path.Clean(p)
	return p == c || c != "/" && p == c+"/"
}
