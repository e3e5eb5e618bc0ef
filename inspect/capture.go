package inspect

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// frame is one packet of a capture.
type frame struct {
	number int64 // from 1
	at     time.Time
	link   layers.LinkType
	data   []byte // valid until the next one is read
	whole  bool   // nothing was cut off when it was captured
}

// errNotCapture is the file's first bytes.
var errNotCapture = errors.New("neither pcap nor pcapng")

// capture is an open file of packets.
type capture struct {
	file   *os.File
	next   func() ([]byte, gopacket.CaptureInfo, error)
	link   func(gopacket.CaptureInfo) layers.LinkType
	number int64
	size   int64  // bytes of the file
	note   string // what is unusual about the file
}

// open opens a capture in pcap or pcapng, which may be compressed with gzip.
func open(path string) (*capture, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &capture{file: f}
	if i, err := f.Stat(); err == nil {
		c.size = i.Size()
	}
	if err := c.begin(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return c, nil
}

func (c *capture) begin(r io.Reader) error {
	b := bufio.NewReaderSize(r, 1<<18)
	magic, err := b.Peek(4)
	if err != nil {
		return errNotCapture
	}
	switch {
	case magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(b)
		if err != nil {
			return err
		}
		return c.begin(z)
	case string(magic) == "\n\r\r\n":
		ng, err := pcapgo.NewNgReader(b, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true})
		if err != nil {
			return err
		}
		c.next = ng.ZeroCopyReadPacketData
		c.link = func(ci gopacket.CaptureInfo) layers.LinkType {
			if i, err := ng.Interface(ci.InterfaceIndex); err == nil {
				return i.LinkType
			}
			return ng.LinkType()
		}
		return nil
	}
	p, err := pcapgo.NewReader(c.version(b))
	if err != nil {
		return fmt.Errorf("%w: %w", errNotCapture, err)
	}
	link := p.LinkType()
	c.next, c.link = p.ZeroCopyReadPacketData, func(gopacket.CaptureInfo) layers.LinkType { return link }
	return nil
}

// version lets a pcap that names a version other than 2.4 be read as one of 2.4: the
// layout has been the same since 2.3, and old tools wrote other numbers.
func (c *capture) version(b *bufio.Reader) io.Reader {
	head := make([]byte, 8)
	if n, err := io.ReadFull(b, head); err != nil {
		return bytes.NewReader(head[:n])
	}
	order := binary.ByteOrder(binary.BigEndian)
	if head[0] == 0xd4 || head[0] == 0x4d {
		order = binary.LittleEndian
	}
	if major, minor := order.Uint16(head[4:]), order.Uint16(head[6:]); major == 2 && minor != 4 {
		c.note = fmt.Sprintf("a pcap of version %d.%d, read as one of 2.4", major, minor)
		order.PutUint16(head[6:], 4)
	}
	return io.MultiReader(bytes.NewReader(head), b)
}

// read returns the next frame, io.EOF behind the last.
func (c *capture) read() (frame, error) {
	data, ci, err := c.next()
	if err != nil {
		return frame{}, err
	}
	c.number++
	return frame{c.number, ci.Timestamp, c.link(ci), data, ci.CaptureLength >= ci.Length}, nil
}

// done is how many bytes of the file were read.
func (c *capture) done() int64 {
	n, _ := c.file.Seek(0, io.SeekCurrent) // where it cannot be asked, there is no progress to show
	return n
}

func (c *capture) close() error { return c.file.Close() }
