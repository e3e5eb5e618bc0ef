package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // the scheme "s3"
	"gocloud.dev/gcerrors"
)

// bucket is a place in object storage that speaks S3. An object that was
// acknowledged is kept, and is whole: S3 has no half-written ones.
type bucket struct{ objects *blob.Bucket }

// requestTime bounds a request, with what is sent, so that a server that says
// nothing does not hold up the rest for ever.
const requestTime = 10 * time.Minute

// openBucket opens s3://NAME?endpoint=...&region=...&prefix=...; who asks is told
// by the environment, as with other programs (AWS_ACCESS_KEY_ID and the like).
// https://gocloud.dev/howto/blob/#s3-compatible
func openBucket(ctx context.Context, where string) (*bucket, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("no address of a bucket; give s3://BUCKET?region=REGION, with &endpoint=https://HOST for storage that is not Amazon's")
	}
	if endpoint := u.Query().Get("endpoint"); endpoint != "" {
		if err := checkEndpoint(endpoint); err != nil {
			return nil, err
		}
	}
	b, err := blob.OpenBucket(ctx, where)
	if err != nil {
		return nil, fmt.Errorf("%w; give s3://BUCKET?region=REGION, with &endpoint=https://HOST for storage that is not Amazon's", err)
	}
	return &bucket{b}, nil
}

// checkEndpoint refuses to send records over a network where others read along.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("endpoint: %w", err)
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return fmt.Errorf("endpoint %s is not encrypted; give one that begins with https://", endpoint)
	}
	return nil
}

func (b *bucket) write(ctx context.Context, name string, content []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	return b.objects.WriteAll(ctx, name, content, &blob.WriterOptions{ContentType: "application/vnd.apache.parquet"})
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, error) {
	return b.objects.NewReader(ctx, name, nil)
}

func (b *bucket) list(ctx context.Context, visit func(name string, bytes int64) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	all := b.objects.List(nil)
	for {
		o, err := all.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = visit(o.Key, o.Size)
		}
		if err != nil {
			return err
		}
	}
}

func (b *bucket) remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	err := b.objects.Delete(ctx, name)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil
	}
	return err
}
