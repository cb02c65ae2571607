package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"

	"compressor/internal/blob"
	"compressor/internal/intake"
	"compressor/internal/job"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
	"compressor/internal/schema"
	"compressor/internal/work"
)

// Bounds of a batch that say what was to come, in bytes. Addresses with signatures are long.
const (
	maxBatchJSON = 4 << 20
	maxBatchData = 1 << 20

	maxBatchOptions = 16 << 20 // of all items, the defaults counted with each
)

// itemsField holds the items of a batch, or their options.
const itemsField = "items"

// batch is POST /1.0/batch: JSON, each item a file to fetch, or a form, each part file an
// item. It is never waited for.
func (s *Server) batch(x *exchange) error {
	if _, err := idempotencyKey(x.r.Header); err != nil {
		return err
	}
	media, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	var receipt work.Receipt
	var err error
	switch media {
	case "application/json":
		receipt, err = s.takeBatchList(x)
	case "multipart/form-data":
		receipt, err = s.takeBatchForm(x)
	default:
		err = problem.Newf(problem.MediaTypeUnsupported, "This endpoint takes application/json or multipart/form-data.")
	}
	if err != nil {
		return err
	}
	return s.conclude(x, receipt, answering{})
}

// takeBatchList submits the batch of a JSON body.
func (s *Server) takeBatchList(x *exchange) (work.Receipt, error) {
	text, err := s.readJSON(x, maxBatchJSON)
	if err != nil {
		return work.Receipt{}, err
	}
	asked, err := s.readBatch(x, text)
	if err != nil {
		return work.Receipt{}, err
	}
	if asked.source != nil {
		return s.takeBucket(x, asked)
	}
	asked.requireItems()
	var items []work.Item
	var all []recipe.FetchItem
	for i := range asked.items {
		var own recipe.FetchItem
		given := asked.decode(s.fetchItems, i, &own, sourceFaults)
		o := s.itemOrder(own.ItemOptions, given)
		from := recipe.Fetch{URL: own.URL, Headers: own.Headers, Source: own.Source}
		fault := problem.Join(s.source(x.r.Context(), &o, from), s.store(x.r.Context(), &o, own.Store))
		if err := asked.refuse(itemPath(i), fault); err != nil {
			return work.Receipt{}, err
		}
		items, all = append(items, work.Item{Order: o}), append(all, own)
	}
	return s.submitBatch(x, asked, items, all)
}

// takeBatchForm stages the form and submits its files. Whatever was staged and is not the
// batch's is gone when it returns.
func (s *Server) takeBatchForm(x *exchange) (work.Receipt, error) {
	size := x.r.ContentLength
	if size > s.config.BatchBytes+formSlack {
		return work.Receipt{}, problem.Newf(problem.FileTooLarge, "The batch is larger than the %d bytes allowed here.", s.config.BatchBytes)
	}
	if size < 0 || size > smallInput {
		if err := s.to.Desk.Room(size); err != nil {
			return work.Receipt{}, err
		}
	}
	dir, err := s.to.Staging.Incoming()
	if err != nil {
		return work.Receipt{}, err
	}
	scratch := blob.NewScratch(dir)
	defer func() {
		if failed := scratch.Close(); failed != nil {
			s.to.Log.Error("upload not cleaned up", "id", x.id, "error", failed)
		}
	}()
	files, data, err := s.readBatchForm(x, scratch)
	if err == nil {
		err = x.admitAgain()
	}
	if err != nil {
		return work.Receipt{}, err
	}
	if data == nil {
		data = []byte("{}")
	}
	asked, err := s.readBatch(x, data)
	if err != nil {
		return work.Receipt{}, err
	}
	if asked.source != nil {
		asked.faults.add(sourceField, problem.Field{Message: "Is for a batch as JSON only."})
	}
	if extra := len(asked.items) - len(files); extra > 0 {
		asked.faults.add(itemsField, problem.Field{Message: fmt.Sprintf("Must have at most one entry for each file: %d.", len(files))})
		asked.items = asked.items[:len(files)]
	}
	var items []work.Item
	var all []any
	for i, f := range files {
		var own recipe.FileItem
		given := asked.decode(s.fileItems, i, &own, nil)
		o := s.itemOrder(own.ItemOptions, given)
		if err := asked.refuse(itemPath(i), s.store(x.r.Context(), &o, own.Store)); err != nil {
			return work.Receipt{}, err
		}
		if o.Name == "" {
			o.Name = f.Name
		}
		items, all = append(items, work.Item{Order: o, Input: &f.Blob}), append(all, []any{own, f.Name, f.Blob.Sum.String()})
	}
	return s.submitBatch(x, asked, items, all)
}

// readBatchForm stages the parts of the form.
func (s *Server) readBatchForm(x *exchange, scratch *blob.Scratch) ([]intake.Staged, []byte, error) {
	if err := plainBody(x.r.Header); err != nil {
		return nil, nil, err
	}
	body := x.body()
	defer body.Release() //nolint:errcheck // it set deadlines before, or read nothing
	form, err := intake.NewForm(body, x.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, nil, err
	}
	limits := s.config.Limits
	limits.Data = maxBatchData
	return intake.Batch(x.r.Context(), form, limits, intake.BatchLimits{Files: job.MaxItems, Bytes: s.config.BatchBytes}, scratch)
}

// submitBatch submits what was asked, unless something is wrong with it. all is what tells
// the items from those of another request.
func (s *Server) submitBatch(x *exchange, asked *batchAsked, items []work.Item, all any) (work.Receipt, error) {
	asked.faults.add("", collision(items)...)
	if err := asked.faults.problem(); err != nil {
		return work.Receipt{}, err
	}
	once, err := onceOf(x, []any{asked.shared, all})
	if err != nil {
		return work.Receipt{}, err
	}
	notice, err := s.notice(x, asked.shared.Webhook)
	if err != nil {
		return work.Receipt{}, err
	}
	return s.to.Desk.SubmitBatch(x.r.Context(), work.Batch{
		KeyID: x.key.ID, Order: work.Order{Tag: asked.shared.Tag}, Items: items, Once: once, Notice: notice,
	})
}

// itemOrder is what an item is to do, given the members of its options.
func (s *Server) itemOrder(own recipe.ItemOptions, given map[string]json.RawMessage) work.Order {
	o := work.Order{Recipe: own.Recipe, Named: s.namedGroups(given), Detail: report.Detail(own.Report), Tag: own.Tag}
	if raw, ok := given["report"]; ok && string(raw) != "null" {
		o.Told = true
	}
	if own.Name != "" {
		o.Name = intake.CleanName(own.Name)
	}
	return o
}

// batchAsked is what was asked of a batch, and what is wrong with it.
type batchAsked struct {
	shared   recipe.Envelope
	defaults []schema.Member // of every item; none if something is wrong with them
	items    []json.RawMessage
	given    bool                       // there are items
	source   json.RawMessage            // the bucket instead of items; nil if not given
	members  map[string]json.RawMessage // of the shared options
	size     int                        // bytes of options, defaults counted with each item
	faults   faults
}

// readBatch reads the options of a batch but for those of its items, which it only counts.
func (s *Server) readBatch(x *exchange, text []byte) (*batchAsked, error) {
	members, err := schema.Members(text)
	if err != nil {
		return nil, err
	}
	asked := &batchAsked{}
	var rest []schema.Member
	for _, m := range members {
		switch {
		case m.Name == sourceField && string(m.Raw) != "null":
			asked.source = m.Raw
		case m.Name == sourceField:
		case m.Name != itemsField:
			rest = append(rest, m)
		case asked.given:
			asked.faults.add(itemsField, problem.Field{Message: "Is given more than once."})
		default:
			asked.given = string(m.Raw) != "null"
			asked.readItems(m.Raw)
		}
	}
	var shared recipe.Upload
	given, err := s.decodeUpload(x.r.Context(), schema.Hash(rest), &shared)
	if err != nil {
		if !problem.Has(err, problem.OptionsInvalid) {
			return nil, err
		}
		asked.faults.add("", problem.From(err).Fields...)
		asked.shared.Store = shared.Store // or what was good of it
		return asked, nil
	}
	asked.shared, asked.members = shared.Envelope, given
	asked.faults.add("", binaryFaults(x, shared.Envelope)...)
	for _, m := range rest {
		if s.ofItems[m.Name] && string(given[m.Name]) != "null" {
			var tight bytes.Buffer
			json.Compact(&tight, m.Raw) //nolint:errcheck // it was found to be JSON before
			asked.defaults = append(asked.defaults, schema.Member{Name: m.Name, Raw: tight.Bytes()})
		}
	}
	return asked, nil
}

// binaryFaults: a batch is many files, and nobody waits for them.
func binaryFaults(x *exchange, e recipe.Envelope) []problem.Field {
	const message = "A batch is answered in JSON only."
	var wrong []problem.Field
	if e.Response.Mode == recipe.Binary {
		wrong = append(wrong, problem.Field{Path: "response.mode", Message: message})
	}
	if takesNoJSON(x.r.Header) {
		wrong = append(wrong, problem.Field{Path: "Accept", Message: message})
	}
	return wrong
}

// readItems takes the items apart, and stops where there are too many.
func (a *batchAsked) readItems(raw json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(raw))
	open, err := d.Token()
	if err != nil || open != json.Delim('[') {
		if a.given {
			a.faults.add(itemsField, problem.Field{Message: "Must be a list."})
		}
		return
	}
	for d.More() {
		if len(a.items) == job.MaxItems {
			a.faults.add(itemsField, problem.Field{Message: fmt.Sprintf("A batch has at most %d items; got %d or more.", job.MaxItems, job.MaxItems+1)})
			a.items = nil
			return
		}
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return // it was found to be JSON before
		}
		a.items = append(a.items, item)
	}
}

// refuse notes what is wrong with the store or the source of what is at path. Any other error
// ends the request.
func (a *batchAsked) refuse(path string, fault error) error {
	if fault != nil && !problem.Has(fault, problem.OptionsInvalid) {
		return fault
	}
	a.faults.others(path, fieldsIn(fault)...)
	return nil
}

// itemPath is the path of an item.
func itemPath(i int) string { return fmt.Sprintf("%s[%d]", itemsField, i) }

// requireItems notes that there are none.
func (a *batchAsked) requireItems() {
	switch {
	case len(a.items) > 0 || a.faults.of(itemsField):
	case a.given:
		a.faults.add(itemsField, problem.Field{Message: "Must have at least one entry."})
	default:
		a.faults.add(itemsField, problem.Field{Message: "Is required."})
	}
}

// decode reads the options of an item, laid over the defaults, and returns their members.
// What is wrong with them is noted, and with more what else is.
func (a *batchAsked) decode(s *schema.Schema, i int, into any, more func(map[string]json.RawMessage) []problem.Field) map[string]json.RawMessage {
	path := itemPath(i)
	own := []schema.Member{}
	if i < len(a.items) && string(a.items[i]) != "null" {
		var err error
		if own, err = schema.Members(a.items[i]); err != nil {
			a.faults.add(path, problem.Field{Message: "Must be a hash of options."})
			return nil
		}
	}
	text := schema.Hash(schema.Lay(own, a.defaults))
	if a.size += len(text); a.size > maxBatchOptions {
		if a.size-len(text) <= maxBatchOptions { // once
			a.faults.add(itemsField, problem.Field{Message: "The options of all items together are too long."})
		}
		return nil
	}
	err, given := s.Salvage(text, into), members(text)
	var others []problem.Field
	if more != nil {
		others = more(given)
	}
	if err := withFaults(err, others); err != nil {
		p := problem.From(err)
		if len(p.Fields) == 0 {
			p = p.With(problem.Field{Message: p.Message})
		}
		a.faults.add(path, p.Fields...)
	}
	return given
}

// faults gathers what is wrong with a batch, and only counts what is too much to tell.
type faults struct {
	fields []problem.Field
	more   int
}

// maxFaults is how many wrong fields one reply names.
const maxFaults = 100

// add notes wrong fields below path.
func (f *faults) add(path string, wrong ...problem.Field) {
	for _, w := range wrong {
		switch {
		case path != "" && w.Path != "":
			w.Path = path + "." + w.Path
		case path != "":
			w.Path = path
		}
		if len(f.fields) < maxFaults {
			f.fields = append(f.fields, w)
		} else {
			f.more++
		}
	}
}

// others is add, but for fields that are named already.
func (f *faults) others(path string, wrong ...problem.Field) {
	for _, w := range wrong {
		one := faults{}
		one.add(path, w)
		if !f.of(one.fields[0].Path) {
			f.add(path, w)
		}
	}
}

// of says whether something is wrong with the field itself.
func (f *faults) of(path string) bool {
	for _, w := range f.fields {
		if w.Path == path {
			return true
		}
	}
	return false
}

// problem is nil when nothing is wrong.
func (f *faults) problem() error {
	if len(f.fields) == 0 {
		return nil
	}
	fields := f.fields
	if f.more > 0 {
		fields = append(fields, problem.Field{Message: fmt.Sprintf("%d more fields are wrong.", f.more)})
	}
	return problem.Invalid(fields...)
}
