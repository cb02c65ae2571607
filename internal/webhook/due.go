package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"compressor/internal/database"
)

// pending begins the search for deliveries that have a next try, in the words of the
// partial index delivery_due. It leaves out those that may not begin now.
func pending(receivers, keys []string) (where string, args []any) {
	var b strings.Builder
	b.WriteString(` FROM delivery WHERE next_at > 0`)
	for _, list := range []struct {
		column string
		names  []string
	}{{"receiver", receivers}, {"key_id", keys}} {
		if len(list.names) == 0 {
			continue
		}
		b.WriteString(" AND " + list.column + " NOT IN (")
		for i, name := range list.names {
			if i > 0 {
				b.WriteString(", ")
			}
			args = append(args, name)
			b.WriteString("$" + strconv.Itoa(len(args)))
		}
		b.WriteString(")")
	}
	return b.String(), args
}

// nextDue is when something that may begin is due, or was; zero for nothing.
func (c *Courier) nextDue(ctx context.Context) (time.Time, error) {
	receivers, keys, room := c.full()
	if room <= 0 {
		return time.Time{}, nil
	}
	where, args := pending(receivers, keys)
	var at sql.NullInt64
	err := c.box.db.Read().QueryRowContext(ctx, `SELECT MIN(next_at)`+where, args...).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("deliveries due: %w", err)
	}
	return database.Time(at.Int64), nil
}

// take marks what is due as dispatched and returns it, with its places taken.
func (c *Courier) take(ctx context.Context) ([]Delivery, error) {
	var taken []Delivery
	err := c.box.db.InTx(ctx, func(tx *sql.Tx) error {
		for {
			list, full, err := c.dueNow(ctx, tx)
			if err != nil {
				return err
			}
			for _, d := range list {
				if !c.enter(d) {
					continue
				}
				taken = append(taken, d)
				last := &taken[len(taken)-1]
				last.Next = database.Time(database.Millis(c.box.now().Add(lostAfter)))
				_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'dispatched', next_at = $1 WHERE id = $2`,
					database.Millis(last.Next), last.ID)
				if err != nil {
					return fmt.Errorf("deliveries due: %w", err)
				}
			}
			if !full {
				return nil
			}
		}
	})
	if err != nil {
		for _, d := range taken {
			c.done(d)
		}
		return nil, err
	}
	return taken, nil
}

// dueNow lists what is due and whose receiver and key have a place. full says that there
// may be more.
func (c *Courier) dueNow(ctx context.Context, tx *sql.Tx) (list []Delivery, full bool, err error) {
	receivers, keys, room := c.full()
	if room <= 0 {
		return nil, false, nil
	}
	const page = 64
	limit := min(room, page)
	where, args := pending(receivers, keys)
	n := len(args)
	text := `SELECT ` + columns + where + ` AND next_at <= $` + strconv.Itoa(n+1) + ` ORDER BY next_at LIMIT $` + strconv.Itoa(n+2)
	list, err = scanAll(ctx, tx, text, append(args, database.Millis(c.box.now()), limit)...)
	return list, len(list) == limit, err
}

// update writes what became of a try, if the delivery is still under it. Until then its row
// has the time at which the try counts as lost; d.lost is that.
func update(ctx context.Context, tx *sql.Tx, d Delivery) (int64, error) {
	tries, err := json.Marshal(d.Tries[max(0, len(d.Tries)-keptTries):])
	if err != nil {
		return 0, fmt.Errorf("tries of delivery %s: %w", d.ID, err)
	}
	res, err := tx.ExecContext(ctx, `UPDATE delivery SET state = $1, tries = $2, round = $3, next_at = $4, ended = $5
		WHERE id = $6 AND state = 'dispatched' AND next_at = $7`,
		string(d.State), string(tries), d.round, database.Millis(d.Next), database.Millis(d.Ended), d.ID, database.Millis(d.lost))
	if err != nil {
		return 0, fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	return res.RowsAffected()
}
