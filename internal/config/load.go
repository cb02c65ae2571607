package config

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/schema"
)

// fileVariable names the file in the environment, fileFlag on the command line.
const (
	prefix       = "COMPRESSOR_"
	fileVariable = "COMPRESSOR_CONFIG"
	fileFlag     = "--config"
)

// Where a setting came from, in rising order.
const (
	SourceDefault     = "default"
	SourceFile        = "file"
	SourceEnvironment = "environment"
	SourceFlag        = "flag"
)

// Setting is one setting, what it is and where that came from.
type Setting struct {
	Name    string // "COMPRESSOR_LISTEN", in the environment and the file
	Flag    string // "--listen"
	Section string // "server"
	Value   string // as given; "[secret]" for a secret that is set
	Default string
	Source  string // default, file, environment or flag
	Type    string // string, duration, integer or list
	Allowed string // "strong, limits" or "at least 1"; "" for anything of the type
	Doc     string
	Secret  bool

	path string // of the field
}

// Loaded is what Load found.
type Loaded struct {
	Config
	// Settings is every setting in the order of the struct.
	Settings []Setting
	// Warnings are sentences about variables that look like settings and are not.
	Warnings []string
	// Rest is what the arguments hold beside settings, in order, for the command to read.
	Rest []string
}

// Load finds every setting: args are the command line without the program and the verb,
// environ is as os.Environ gives it, readFile as os.ReadFile reads. An error is a
// *problem.Problem, options-invalid, that names each bad setting as it was given, its value
// unless secret, and what is allowed.
func Load(args, environ []string, readFile func(name string) ([]byte, error)) (Loaded, error) {
	s, err := schema.Of(Config{}, schema.Opts{})
	if err != nil {
		return Loaded{}, err
	}
	l := loader{settings: list(s)}
	out := Loaded{Rest: l.flags(args)}
	variables := l.environment(environ)
	if name := l.given[fileFlag]; name != "" {
		l.file(fileFlag, name, readFile)
	} else if name := variables[fileVariable]; name != "" {
		l.file(fileVariable, name, readFile)
	}
	document := s.Document()
	for i := range l.settings {
		l.choose(&l.settings[i], variables, document)
	}
	l.decode(document, &out.Config)
	if len(l.wrong) > 0 {
		return Loaded{}, problem.Newf(problem.OptionsInvalid, "The settings are not valid.").With(l.wrong...)
	}
	l.resolve(&out.Config)
	out.Settings, out.Warnings = l.settings, l.warnings
	return out, nil
}

// list makes the settings, at their defaults, from the schema.
func list(s *schema.Schema) []Setting {
	var out []Setting
	for _, o := range s.Options() {
		name := o.Tag.Get("env")
		if name == "" {
			continue
		}
		section, _, _ := strings.Cut(o.Path, ".")
		out = append(out, Setting{
			Name: name, Flag: flagOf(name), Section: section, Value: o.Default, Default: o.Default,
			Source: SourceDefault, Type: o.Type, Allowed: allowed(o), Doc: o.Doc, Secret: o.WriteOnly, path: o.Path,
		})
	}
	return out
}

// flagOf is the flag of a variable: COMPRESSOR_EGRESS_PORTS is --egress-ports.
func flagOf(name string) string {
	return "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))
}

// allowed says in words what a setting may be beyond its type.
func allowed(o schema.Option) string {
	switch {
	case len(o.Enum) > 0:
		return strings.Join(o.Enum, ", ")
	case o.Minimum != "" && o.Maximum != "":
		return o.Minimum + " to " + o.Maximum
	case o.Minimum != "":
		return "at least " + o.Minimum
	case o.MinLength > 0:
		return fmt.Sprintf("at least %d characters", o.MinLength)
	}
	return ""
}

// loader gathers what each source says, and what is wrong with it.
type loader struct {
	settings []Setting
	given    map[string]string // by flag
	lines    map[string]string // of the file, by variable
	wrong    []problem.Field
	warnings []string
}

// bad notes one bad setting.
func (l *loader) bad(name, message string) {
	l.wrong = append(l.wrong, problem.Field{Path: name, Message: message})
}

// flags takes the settings out of args and returns the rest. Both --name value and
// --name=value will do; the last one counts; nothing after -- is a setting.
func (l *loader) flags(args []string) []string {
	l.given = map[string]string{}
	var rest []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(rest, args[i:]...)
		}
		name, value, has := strings.Cut(args[i], "=")
		if name != fileFlag && !slices.ContainsFunc(l.settings, func(s Setting) bool { return s.Flag == name }) {
			rest = append(rest, args[i])
			continue
		}
		if !has && i+1 == len(args) {
			l.bad(name, "Needs a value.")
			continue
		}
		if !has {
			i++
			value = args[i]
		}
		l.given[name] = value
	}
	return rest
}

// environment picks our variables, and warns of those that are not settings.
func (l *loader) environment(environ []string) map[string]string {
	out := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		out[name] = value
		if name != fileVariable && !l.known(name) {
			l.warnings = append(l.warnings, name+" is not a setting."+l.suggest(name))
		}
	}
	slices.Sort(l.warnings)
	return out
}

// known says whether a variable is a setting.
func (l *loader) known(name string) bool {
	return slices.ContainsFunc(l.settings, func(s Setting) bool { return s.Name == name })
}

// suggest is a sentence naming the setting nearest to name, or "". The prefix is left out
// of the comparison, or any two names would be near.
func (l *loader) suggest(name string) string {
	var names []string
	for _, s := range l.settings {
		names = append(names, strings.TrimPrefix(s.Name, prefix))
	}
	if near := schema.Nearest(strings.TrimPrefix(name, prefix), names); near != "" {
		return " Did you mean " + prefix + near + "?"
	}
	return ""
}

// file reads the environment file; from is what named it.
func (l *loader) file(from, name string, readFile func(string) ([]byte, error)) {
	data, err := readFile(name)
	if err != nil {
		l.bad(from, "Must name a file that can be read; got '"+name+"': "+reason(err)+".")
		return
	}
	l.lines = map[string]string{}
	for i, line := range strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		where := fmt.Sprintf("line %d of the configuration file", i+1)
		if _, twice := l.lines[name]; twice {
			l.bad(where, name+" is given more than once.")
			continue
		}
		switch {
		case !ok:
			l.bad(where, "Must be a line such as COMPRESSOR_LISTEN=127.0.0.1:8080.")
		case !l.known(name):
			l.bad(where, name+" is not a setting."+l.suggest(name))
		default:
			l.lines[name] = unquote(strings.TrimSpace(value))
		}
	}
}

// unquote takes off one pair of quotes around the whole.
func unquote(value string) string {
	if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}

// reason is the innermost cause of an error of the file system, without the path.
func reason(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

// choose takes the value of the strongest source that has one, and puts it into document.
func (l *loader) choose(s *Setting, variables map[string]string, document *schema.Document) {
	for _, source := range []struct{ name, value string }{
		{SourceFlag, l.given[s.Flag]}, {SourceEnvironment, variables[s.Name]}, {SourceFile, l.lines[s.Name]},
	} {
		if source.value == "" {
			continue
		}
		s.Source, s.Value = source.name, source.value
		if err := document.Set(s.path, source.value); err != nil {
			l.complain(err)
		}
		break
	}
	if s.Secret && s.Value != "" {
		s.Value = "[secret]"
	}
}

// decode applies the rules, and names each bad setting as it was given.
func (l *loader) decode(document *schema.Document, to *Config) {
	if err := document.Decode(to); err != nil {
		l.complain(err)
	}
}

// complain turns the paths of a problem into the names of the settings.
func (l *loader) complain(err error) {
	for _, f := range problem.From(err).Fields {
		path, _, _ := strings.Cut(f.Path, "[")
		i := slices.IndexFunc(l.settings, func(s Setting) bool { return s.path == path })
		switch {
		case i < 0:
			l.bad(f.Path, f.Message)
		case l.settings[i].Source == SourceFlag:
			l.bad(l.settings[i].Flag, f.Message)
		case l.settings[i].Source == SourceFile:
			l.bad(l.settings[i].Name+" in the configuration file", f.Message)
		default:
			l.bad(l.settings[i].Name, f.Message)
		}
	}
}

// resolve fills in what depends on the machine or on another setting.
func (l *loader) resolve(c *Config) {
	if c.Jobs.Slots == 0 {
		c.Jobs.Slots = runtime.GOMAXPROCS(0)
		l.show("jobs.slots", strconv.Itoa(c.Jobs.Slots))
	}
	if _, port, _ := net.SplitHostPort(c.Server.Listen); c.Server.PublicURL == "" && strings.Trim(port, "0") != "" {
		c.Server.PublicURL = "http://" + c.Server.Listen
		l.show("server.public_url", c.Server.PublicURL)
	}
}

// show sets the value that a setting is listed with.
func (l *loader) show(path, value string) {
	for i := range l.settings {
		if l.settings[i].path == path {
			l.settings[i].Value = value
		}
	}
}
