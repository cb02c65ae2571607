package httpapi

import (
	"context"
	"fmt"

	"compressor/internal/deliver"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/schema"
	"compressor/internal/work"
)

// Stores knows the buckets of clients: where results may go and sources may come from.
// deliver.Desk is one, and its methods say what they promise.
type Stores interface {
	Check(ctx context.Context, s recipe.Store) error
	CheckSource(ctx context.Context, s recipe.Source) error
	CheckTransfer(ctx context.Context, p recipe.Prefix, s recipe.Store) error
	Try(ctx context.Context, id, bucket string) (deliver.Trial, error)
}

// store fills in where the result of an order goes.
func (s *Server) store(ctx context.Context, o *work.Order, asked *recipe.Store) error {
	if asked == nil {
		return nil
	}
	o.Store = asked
	return s.to.Stores.Check(ctx, *asked)
}

// source fills in where the input of an order comes from.
func (s *Server) source(ctx context.Context, o *work.Order, asked recipe.Fetch) error {
	if asked.Source == nil {
		o.Source = &work.Source{URL: asked.URL, Headers: asked.Headers}
		return nil
	}
	o.Source = &work.Source{Object: asked.Source}
	return s.to.Stores.CheckSource(ctx, *asked.Source)
}

// explain adds to wrong options what is wrong with the places that they name, so that all is
// told at once. Either may be nil.
func (s *Server) explain(ctx context.Context, err error, source *recipe.Source, store *recipe.Store) error {
	if !problem.Has(err, problem.OptionsInvalid) {
		return err
	}
	var wrong []problem.Field
	if source != nil {
		wrong = append(wrong, fieldsIn(s.to.Stores.CheckSource(ctx, *source))...)
	}
	if store != nil {
		wrong = append(wrong, fieldsIn(s.to.Stores.Check(ctx, *store))...)
	}
	return problem.From(err).Also(wrong...)
}

// fieldsIn are the fields of wrong options. Beside such, no other error matters.
func fieldsIn(err error) []problem.Field {
	if !problem.Has(err, problem.OptionsInvalid) {
		return nil
	}
	return problem.From(err).Fields
}

// collision tells of items whose results would overwrite each other.
func collision(items []work.Item) []problem.Field {
	stores := make([]*recipe.Store, len(items))
	for i, item := range items {
		stores[i] = item.Order.Store
	}
	first, second, found := deliver.Collision(stores)
	if !found {
		return nil
	}
	return []problem.Field{{Path: itemPath(second) + ".store.path", Message: fmt.Sprintf(
		"The result of %s would lie there, too: must hold {id}, {name} or {sha1}, or end in /; got '%s'.", itemPath(first), schema.Printable(stores[second].Path))}}
}

// sourceField is what a batch has instead of items that takes a whole bucket, or a part.
const sourceField = "source"

// takeBucket submits a job over the objects of a bucket.
func (s *Server) takeBucket(x *exchange, asked *batchAsked) (work.Receipt, error) {
	if asked.given {
		asked.faults.add(sourceField, problem.Field{Message: "Specify either 'items' or 'source', not both."})
	}
	var p recipe.Prefix
	if err := s.prefixes.Salvage(asked.source, &p); err != nil {
		if !problem.Has(err, problem.OptionsInvalid) {
			return work.Receipt{}, err
		}
		asked.faults.add(sourceField, problem.From(err).Fields...)
	}
	ctx := x.r.Context()
	if asked.shared.Store == nil {
		asked.faults.others("store", problem.Field{Message: "Must say where the results go."})
	} else if err := asked.refuse("", s.to.Stores.CheckTransfer(ctx, p, *asked.shared.Store)); err != nil {
		return work.Receipt{}, err
	}
	if err := asked.faults.problem(); err != nil {
		return work.Receipt{}, err
	}
	o, err := s.order(ctx, asked.shared, s.namedGroups(asked.members), "")
	if err != nil {
		return work.Receipt{}, err
	}
	o.Prefix = &p
	once, err := onceOf(x, []any{asked.shared, p})
	if err != nil {
		return work.Receipt{}, err
	}
	notice, err := s.notice(x, asked.shared.Webhook)
	if err != nil {
		return work.Receipt{}, err
	}
	return s.to.Desk.Submit(ctx, work.Submission{KeyID: x.key.ID, Order: o, Once: once, Notice: notice})
}
