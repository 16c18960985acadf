package oracle

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.org/orders/export"
	"example.org/orders/report"
	"example.org/orders/store"
)

type key struct{}

// spy is a store that demands the context of the caller.
type spy struct {
	*store.Memory
	t       *testing.T
	eachErr []error
	findErr error
	calls   int
}

func (s *spy) check(ctx context.Context) {
	s.t.Helper()
	s.calls++
	if ctx == nil || ctx.Value(key{}) != "caller" {
		s.t.Error("the store got another context than the caller's")
	}
}

func (s *spy) Find(ctx context.Context, id int) (store.Order, error) {
	s.check(ctx)
	if s.findErr != nil {
		return store.Order{}, s.findErr
	}
	return s.Memory.Find(ctx, id)
}

func (s *spy) Each(ctx context.Context, visit func(store.Order) error) error {
	s.check(ctx)
	if len(s.eachErr) > 0 {
		err := s.eachErr[0]
		s.eachErr = s.eachErr[1:]
		if err != nil {
			return err
		}
	}
	return s.Memory.Each(ctx, visit)
}

var _ store.Store = (*spy)(nil)
var _ store.Store = (*store.Memory)(nil)

func memory() *store.Memory {
	return store.NewMemory(
		store.Order{ID: 3, Year: 2024, Cents: 500},
		store.Order{ID: 1, Year: 2023, Cents: 100},
		store.Order{ID: 2, Year: 2024, Cents: 900},
	)
}

func caller() context.Context {
	return context.WithValue(context.Background(), key{}, "caller")
}

func TestTheContextIsPassedOn(t *testing.T) {
	s := &spy{Memory: memory(), t: t}
	line, err := report.Build(caller(), s, 2024)
	if err != nil || line != "2024: 2 orders, 1400 cents, largest 2" {
		t.Errorf("Build: %q, %v", line, err)
	}
	count, err := report.Count(caller(), s, 2023)
	if err != nil || count != 1 {
		t.Errorf("Count: %d, %v", count, err)
	}
	var out strings.Builder
	if err := export.Write(caller(), s, &out); err != nil || out.String() != "1;2023;100\n2;2024;900\n3;2024;500\n" {
		t.Errorf("Write: %q, %v", out.String(), err)
	}
	if s.calls < 4 {
		t.Errorf("the store was asked %d times", s.calls)
	}
}

func TestOtherLinesAreAsBefore(t *testing.T) {
	line, err := report.Build(caller(), memory(), 1999)
	if err != nil || line != "1999: no orders" {
		t.Errorf("Build: %q, %v", line, err)
	}
	gone := &spy{Memory: memory(), t: t, findErr: store.NotFound(2)}
	line, err = report.Build(caller(), gone, 2024)
	if err != nil || line != "2024: 2 orders, 1400 cents" {
		t.Errorf("Build with a deleted order: %q, %v", line, err)
	}
}

func TestErrorsOfTheStoreEndEverything(t *testing.T) {
	broken := errors.New("connection lost")
	if _, err := report.Count(caller(), &spy{Memory: memory(), t: t, eachErr: []error{broken}}, 2024); !errors.Is(err, broken) {
		t.Errorf("Count: %v", err)
	}
	for name, s := range map[string]*spy{
		"first Each": {Memory: memory(), t: t, eachErr: []error{broken}},
		"Find":       {Memory: memory(), t: t, findErr: broken},
	} {
		if line, err := report.Build(caller(), s, 2024); !errors.Is(err, broken) {
			t.Errorf("Build, %s: %q, %v", name, line, err)
		}
	}
	// However often Build asks: an error later is an error too.
	later := &spy{Memory: memory(), t: t, eachErr: []error{nil, broken}}
	line, err := report.Build(caller(), later, 2024)
	if len(later.eachErr) == 0 && !errors.Is(err, broken) {
		t.Errorf("Build, second Each: %q, %v", line, err)
	}
	if err := export.Write(caller(), &spy{Memory: memory(), t: t, eachErr: []error{broken}}, &strings.Builder{}); !errors.Is(err, broken) {
		t.Errorf("Write: %v", err)
	}
}

func TestMemoryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	m := memory()
	seen := 0
	err := m.Each(ctx, func(store.Order) error {
		seen++
		if seen == 2 {
			cancel()
		}
		return nil
	})
	if seen != 2 || !errors.Is(err, context.Canceled) {
		t.Errorf("Each visited %d orders: %v", seen, err)
	}
	if _, err := m.Find(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Find: %v", err)
	}
	if err := m.Each(ctx, func(store.Order) error { t.Error("visited"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Each: %v", err)
	}
	if _, err := report.Build(ctx, m, 2024); !errors.Is(err, context.Canceled) {
		t.Errorf("Build: %v", err)
	}
	if err := export.Write(ctx, m, &strings.Builder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Write: %v", err)
	}
	own := errors.New("enough")
	if err := m.Each(context.Background(), func(store.Order) error { return own }); !errors.Is(err, own) {
		t.Errorf("Each: %v", err)
	}
	if _, err := m.Find(context.Background(), 99); !errors.As(err, new(store.NotFound)) {
		t.Errorf("Find: %v", err)
	}
}
