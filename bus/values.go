package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrChanged is returned by Set when the value is not that any more which the
// caller knew.
var ErrChanged = errors.New("the value has been changed by another node")

// Values are values by key that all nodes see, and that change by compare and
// set.
type Values struct {
	name  string
	kv    jetstream.KeyValue
	large jetstream.ObjectStore
}

// Values opens the values of a name, and makes them when there are none. What
// was not set again within age goes; 0: nothing does.
func (b *Bus) Values(ctx context.Context, name string, replicas int, age time.Duration) (*Values, error) {
	js, err := b.jetstream()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, opening)
	defer cancel()
	v := &Values{name: name}
	err = retry(ctx, func(ctx context.Context) error {
		if v.kv, err = js.KeyValue(ctx, name); errors.Is(err, jetstream.ErrBucketNotFound) {
			v.kv, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, Replicas: max(replicas, 1), TTL: age})
		}
		return err
	})
	if err == nil {
		err = retry(ctx, func(ctx context.Context) error {
			if v.large, err = js.ObjectStore(ctx, name); errors.Is(err, jetstream.ErrBucketNotFound) {
				v.large, err = js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: name, Replicas: max(replicas, 1), TTL: age})
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("bus, values %s: %w; values need a data folder or a cluster with JetStream", name, err)
	}
	return v, nil
}

func (v *Values) fault(key string, err error) error {
	return fmt.Errorf("bus, values %s, %s: %w", v.name, key, err)
}

// Get returns a value and its revision; revision 0 when there is none.
func (v *Values) Get(ctx context.Context, key string) (data []byte, revision uint64, err error) {
	err = retry(ctx, func(ctx context.Context) error {
		e, err := v.kv.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			return nil
		}
		if err == nil {
			data, revision = e.Value(), e.Revision()
		}
		return err
	})
	if err != nil {
		return nil, 0, v.fault(key, err)
	}
	return data, revision, nil
}

// Set sets a value that has the revision, 0 for one that is not there yet, and
// returns the new revision; or ErrChanged.
func (v *Values) Set(ctx context.Context, key string, data []byte, revision uint64) (now uint64, err error) {
	if len(data) > MaxMessage {
		return 0, v.fault(key, ErrTooLong)
	}
	err = retry(ctx, func(ctx context.Context) error {
		if revision == 0 {
			now, err = v.kv.Create(ctx, key, data)
		} else {
			now, err = v.kv.Update(ctx, key, data, revision)
		}
		return err
	})
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) || errors.Is(err, jetstream.ErrKeyExists) {
		return 0, ErrChanged
	}
	if err != nil {
		return 0, v.fault(key, err)
	}
	return now, nil
}

// Watch calls receive with each value whose key fits the pattern, as it is now
// and then whenever it changes, until the context ends. Once all that was there
// has been received, it calls receive with an empty key. In a pattern "*" stands
// for one word and a last ">" for one or more.
func (v *Values) Watch(ctx context.Context, pattern string, receive func(key string, data []byte, revision uint64)) error {
	var w jetstream.KeyWatcher
	err := retry(ctx, func(one context.Context) (err error) {
		w, err = v.kv.Watch(ctx, pattern, jetstream.IgnoreDeletes())
		return err
	})
	if err != nil {
		return v.fault(pattern, err)
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.Updates():
			if !ok {
				return v.fault(pattern, errors.New("watching has ended"))
			}
			if e == nil {
				receive("", nil, 0)
				continue
			}
			receive(e.Key(), e.Value(), e.Revision())
		}
	}
}

// Save keeps something that is too long for a value.
func (v *Values) Save(ctx context.Context, name string, data []byte) error {
	err := retry(ctx, func(ctx context.Context) error {
		_, err := v.large.PutBytes(ctx, name, data)
		return err
	})
	if err != nil {
		return v.fault(name, err)
	}
	return nil
}

// Load returns what was saved.
func (v *Values) Load(ctx context.Context, name string) (data []byte, err error) {
	err = retry(ctx, func(ctx context.Context) error {
		data, err = v.large.GetBytes(ctx, name)
		return err
	})
	if err != nil {
		return nil, v.fault(name, err)
	}
	return data, nil
}

// Drop forgets what was saved; it is no error when there is nothing.
func (v *Values) Drop(ctx context.Context, name string) error {
	err := retry(ctx, func(ctx context.Context) error { return v.large.Delete(ctx, name) })
	if err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return v.fault(name, err)
	}
	return nil
}
