// Package config gathers the settings of the service. Each setting is one field of Config;
// its tags, read by package schema, give the default, the rules and the meaning, and the
// tag env names it: COMPRESSOR_EGRESS_PORTS in the environment and in the file is
// --egress-ports on the command line. In rising order a setting comes from its default, the
// file, the environment, and the command line; an empty one counts as not given.
//
// The file, named by --config or COMPRESSOR_CONFIG, is what systemd and container tools
// call an environment file: lines of NAME=value, where the value may stand in single or
// double quotes; blank lines and lines that begin with # are skipped.
package config

import (
	"net"
	"net/url"
	"strings"
	"time"

	"compressor/internal/problem"
)

// SyncBytes is the largest input, in bytes, that is answered while the client waits. It is
// part of the public contract, and so no setting.
const SyncBytes = 33_554_432

// Config is every setting of the service, complete with defaults.
type Config struct {
	Server  Server  `json:"server"`
	Egress  Egress  `json:"egress"`
	Fetch   Fetch   `json:"fetch"`
	Upload  Upload  `json:"upload"`
	Jobs    Jobs    `json:"jobs"`
	Webhook Webhook `json:"webhook"`
	Storage Storage `json:"storage"`
	Limits  Limits  `json:"limits"`
	Sandbox Sandbox `json:"sandbox"`
	Log     Log     `json:"log"`
}

// Server is where the service listens and keeps its data.
type Server struct {
	Listen      string        `json:"listen" env:"COMPRESSOR_LISTEN" default:"127.0.0.1:8080" doc:"Address and port to listen on."`
	Data        string        `json:"data" env:"COMPRESSOR_DATA" default:"data" doc:"Folder for the database and the files; made if missing."`
	PublicURL   string        `json:"public_url" env:"COMPRESSOR_PUBLIC_URL" maxLength:"2048" doc:"Address under which clients reach the service, for links; http:// and the listen address if not set."`
	APIKey      string        `json:"api_key" env:"COMPRESSOR_API_KEY" minLength:"16" maxLength:"256" writeOnly:"true" doc:"One API key to create at the start; changes nothing if it exists."`
	Origins     []Origin      `json:"origins" env:"COMPRESSOR_CORS_ORIGINS" doc:"Origins of web pages that may call the service from a browser, such as https://app.example.com; * for any."`
	Connections int           `json:"connections" env:"COMPRESSOR_CONNECTIONS" default:"10000" minimum:"1" doc:"Most connections open at once."`
	Streams     int           `json:"streams" env:"COMPRESSOR_STREAMS" default:"2000" minimum:"1" doc:"Most event streams of one key open at once."`
	Drain       time.Duration `json:"drain" env:"COMPRESSOR_DRAIN" default:"30s" minimum:"0s" doc:"How long a stop waits for running jobs."`
	MinFree     Bytes         `json:"min_free" env:"COMPRESSOR_MIN_FREE" default:"1GiB" minimum:"0" doc:"Disk space that stays free: below it nothing new is accepted."`
}

// Egress is where the service may connect to. Public addresses are open on the listed
// ports; private ones are closed but for these prefixes, which are open on any port.
type Egress struct {
	Ports        []int    `json:"ports" env:"COMPRESSOR_EGRESS_PORTS" default:"80,443,8080,8443" minimum:"1" maximum:"65535" doc:"Ports of public addresses that may be connected to."`
	FetchAllow   []Prefix `json:"fetch_allow" env:"COMPRESSOR_EGRESS_FETCH_ALLOW" doc:"Private networks open to fetching, on any port, as prefixes such as 10.0.0.0/8."`
	WebhookAllow []Prefix `json:"webhook_allow" env:"COMPRESSOR_EGRESS_WEBHOOK_ALLOW" doc:"Private networks open to webhooks, likewise."`
	StorageAllow []Prefix `json:"storage_allow" env:"COMPRESSOR_EGRESS_STORAGE_ALLOW" doc:"Private networks open to storage, likewise."`
}

// Fetch is how files are fetched.
type Fetch struct {
	UserAgent string        `json:"user_agent" env:"COMPRESSOR_USER_AGENT" default:"Compressor/1.0 (+https://compressor.app)" maxLength:"256" pattern:"^[ -~]+$" example:"'Name/1.0 (+https://site)'" doc:"User-Agent of requests that the service makes."`
	Connect   time.Duration `json:"connect" env:"COMPRESSOR_FETCH_CONNECT" default:"10s" minimum:"100ms" doc:"Longest time to connect to a source."`
	Idle      time.Duration `json:"idle" env:"COMPRESSOR_FETCH_IDLE" default:"30s" minimum:"100ms" doc:"Longest silence of a source."`
	Total     time.Duration `json:"total" env:"COMPRESSOR_FETCH_TOTAL" default:"1h" minimum:"1s" doc:"Longest time for a whole fetch."`
}

// Upload is how uploads are taken.
type Upload struct {
	MaxBytes Bytes         `json:"max_bytes" env:"COMPRESSOR_MAX_UPLOAD" default:"8GiB" minimum:"1" doc:"Largest file taken, uploaded or fetched."`
	MaxBatch Bytes         `json:"max_batch" env:"COMPRESSOR_MAX_BATCH" default:"16GiB" minimum:"1" doc:"Most bytes of a batch that is uploaded."`
	Stall    time.Duration `json:"stall" env:"COMPRESSOR_STALL" default:"30s" minimum:"100ms" doc:"A body that does not move for so long is given up."`
	MinRate  Bytes         `json:"min_rate" env:"COMPRESSOR_MIN_RATE" default:"10KiB" minimum:"0" doc:"Slowest body taken, in bytes a second over a minute; 0 for any."`
	Open     int           `json:"open" env:"COMPRESSOR_UPLOADS_OPEN" default:"100" minimum:"1" doc:"Most resumable uploads of one key that are not complete."`
	Life     time.Duration `json:"life" env:"COMPRESSOR_UPLOAD_LIFE" default:"24h" minimum:"100ms" doc:"A resumable upload that is not complete after so long is removed."`
}

// Jobs is how many jobs run, wait and stay.
type Jobs struct {
	Slots      int           `json:"slots" env:"COMPRESSOR_SLOTS" default:"0" minimum:"0" maximum:"1024" doc:"Jobs that run at once; 0 for one per core."`
	Spares     int           `json:"spares" env:"COMPRESSOR_SPARES" default:"2" minimum:"0" maximum:"16" doc:"Job processes kept waiting, per slot."`
	QueueMax   int           `json:"queue_max" env:"COMPRESSOR_QUEUE_MAX" default:"10000" minimum:"1" doc:"Most jobs waiting, of all keys."`
	Concurrent int           `json:"concurrent" env:"COMPRESSOR_CONCURRENT" default:"8" minimum:"1" doc:"Most jobs of one key that run at once."`
	Queued     int           `json:"queued" env:"COMPRESSOR_QUEUED" default:"1000" minimum:"1" doc:"Most jobs of one key that wait."`
	KeyBytes   Bytes         `json:"key_bytes" env:"COMPRESSOR_KEY_BYTES" default:"10GiB" minimum:"1" doc:"Most bytes in the inputs of one key's jobs that have not ended."`
	Hold       time.Duration `json:"hold" env:"COMPRESSOR_HOLD" default:"55s" minimum:"0s" doc:"How long a request is held before it is answered 202."`
	ResultTTL  time.Duration `json:"result_ttl" env:"COMPRESSOR_RESULT_TTL" default:"2h" minimum:"1s" doc:"Life of a result."`
	RecordTTL  time.Duration `json:"record_ttl" env:"COMPRESSOR_RECORD_TTL" default:"168h" minimum:"1s" doc:"Life of the record of a job."`
	SweepEvery time.Duration `json:"sweep_every" env:"COMPRESSOR_SWEEP_EVERY" default:"1m" minimum:"100ms" doc:"How often what has expired is removed."`
}

// Webhook is how clients are told of the end of their jobs.
type Webhook struct {
	Secret  string          `json:"secret" env:"COMPRESSOR_WEBHOOK_SECRET" maxLength:"94" pattern:"^whsec_[A-Za-z0-9+/]+={0,2}$" example:"'whsec_' and 24 to 64 bytes in base64" writeOnly:"true" doc:"A secret to sign the webhooks of COMPRESSOR_API_KEY with."`
	Timeout time.Duration   `json:"timeout" env:"COMPRESSOR_WEBHOOK_TIMEOUT" default:"10s" minimum:"100ms" maximum:"30s" doc:"How long a receiver has to answer."`
	Retries []time.Duration `json:"retries" env:"COMPRESSOR_WEBHOOK_RETRIES" default:"5s,30s,2m,10m,30m,2h,6h" minimum:"0s" maximum:"24h" maxItems:"30" doc:"Pauses after each failed try but the last, in order; each is stretched or shortened by up to a fifth."`
}

// Storage is how buckets of clients are reached, and what seals the credentials for them.
type Storage struct {
	MasterKey     string   `json:"master_key" env:"COMPRESSOR_MASTER_KEY" maxLength:"4096" example:"1:BASE64 of 32 bytes, or several after commas" writeOnly:"true" doc:"Keys that seal credentials: the highest number seals, all open."`
	MasterKeyFile string   `json:"master_key_file" env:"COMPRESSOR_MASTER_KEY_FILE" maxLength:"4096" doc:"A file of such keys, one a line, readable by its owner only. With neither, the first connector makes one beside the data folder, named after it."`
	LocalRoots    []string `json:"local_roots" env:"COMPRESSOR_LOCAL_ROOTS" maxLength:"4096" doc:"Folders below which connectors of provider local may read and write; none if not set."`
	GCSEndpoint   string   `json:"gcs_endpoint" env:"COMPRESSOR_GCS_ENDPOINT" maxLength:"2048" doc:"Another address for Google Cloud Storage, such as that of a test server."`
	GCSToken      string   `json:"gcs_token" env:"COMPRESSOR_GCS_TOKEN" maxLength:"2048" doc:"Another address for Google's access tokens, likewise."`
	S3Endpoint    string   `json:"s3_endpoint" env:"COMPRESSOR_S3_ENDPOINT" maxLength:"2048" doc:"Another address for every provider that speaks S3 and connectors without an endpoint, likewise."`
	AzureEndpoint string   `json:"azure_endpoint" env:"COMPRESSOR_AZURE_ENDPOINT" maxLength:"2048" doc:"Another address for Azure Blob Storage, likewise; the account is added to its path."`
}

// Limits is how often one key may call.
type Limits struct {
	Rate   int           `json:"rate" env:"COMPRESSOR_RATE_LIMIT" default:"100000" minimum:"1" doc:"Requests of one key in a window."`
	Polls  int           `json:"polls" env:"COMPRESSOR_POLL_LIMIT" default:"1000000" minimum:"1" doc:"Polls of jobs and downloads in a window, counted apart."`
	Window time.Duration `json:"window" env:"COMPRESSOR_RATE_WINDOW" default:"15m" minimum:"1s" doc:"Length of a window."`
}

// Sandbox is the cage of the job process, and what a job may use in it.
type Sandbox struct {
	Require  string        `json:"require" env:"COMPRESSOR_SANDBOX_REQUIRE" default:"strong" enum:"full,strong,filtered,limits" doc:"Weakest cage to start with. limits: own process and resource limits; filtered: and a system call filter; strong: and only the files and programs granted (Landlock); full: and namespaces of its own."`
	Memory   Bytes         `json:"memory" env:"COMPRESSOR_JOB_MEMORY" default:"4GiB" minimum:"256MiB" doc:"Most memory of a job process. A picture may need up to 60 bytes a pixel: 1.5 GB for 24 megapixels."`
	Wall     time.Duration `json:"wall" env:"COMPRESSOR_JOB_WALL" default:"5m" minimum:"1s" doc:"Longest time a job may run."`
	CPU      time.Duration `json:"cpu" env:"COMPRESSOR_JOB_CPU" default:"10m" minimum:"1s" doc:"Processor time of a job, all threads together."`
	LongWall time.Duration `json:"long_wall" env:"COMPRESSOR_LONG_WALL" default:"1h" minimum:"1s" doc:"Longest time that the job of a video or an archive may run."`
	Output   Bytes         `json:"output" env:"COMPRESSOR_JOB_OUTPUT" default:"8GiB" minimum:"1MiB" doc:"Largest file a job may write."`
	Pixels   int64         `json:"pixels" env:"COMPRESSOR_PIXELS" default:"100000000" minimum:"1" doc:"Most pixels of a picture, width by height."`
	Seconds  int           `json:"seconds" env:"COMPRESSOR_VIDEO_SECONDS" default:"14400" minimum:"1" doc:"Longest video, in seconds."`
	Frames   int           `json:"frames" env:"COMPRESSOR_FRAMES" default:"1000" minimum:"1" doc:"Most frames of an animation."`
}

// Log is what is logged, and how.
type Log struct {
	Level  string `json:"level" env:"COMPRESSOR_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" doc:"Least level that is logged."`
	Format string `json:"format" env:"COMPRESSOR_LOG_FORMAT" default:"text" enum:"text,json" doc:"Form of the log."`
}

// BaseURL is the address for links, without a slash at its end: the public URL if there is
// one, else http:// and the address that is really listened on, which differs from the
// setting when that leaves the port to the system.
func (s Server) BaseURL(listening string) string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return "http://" + listening
}

// Check holds the rules of addresses.
func (s Server) Check() []problem.Field {
	var wrong []problem.Field
	if _, port, err := net.SplitHostPort(s.Listen); err != nil || !validPort(port) {
		wrong = append(wrong, problem.Field{Path: "listen", Message: "Must be an address and port such as 127.0.0.1:8080; got '" + s.Listen + "'."})
	}
	if s.PublicURL == "" {
		return wrong
	}
	u, err := url.Parse(s.PublicURL)
	switch {
	case err == nil && u.User != nil: // not shown: it may hold a password
		wrong = append(wrong, problem.Field{Path: "public_url", Message: "Must not hold a user or password."})
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		wrong = append(wrong, problem.Field{Path: "public_url", Message: "Must be a URL such as https://compress.example.com; got '" + s.PublicURL + "'."})
	}
	return wrong
}

// validPort says whether a port is a number; 0 leaves the choice to the system.
func validPort(port string) bool {
	_, err := net.LookupPort("tcp", port)
	return err == nil && strings.Trim(port, "0123456789") == "" && port != ""
}
