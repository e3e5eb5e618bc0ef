package rtcp

import (
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/pion/rtcp"
)

// agree wants what we accept to be read by pion with the same fields, packet by
// packet and without padding: pion takes padding for report blocks, entries,
// chunks, reasons or blocks, because it never looks at the bit that announces
// it.
func agree(t *testing.T, b []byte) {
	t.Helper()
	packets, err := Parse(b)
	if err != nil {
		return
	}
	for _, p := range packets {
		again := p.AppendTo(nil)
		theirs, err := rtcp.Unmarshal(again)
		if disagrees(p) {
			continue
		}
		if err != nil {
			t.Fatalf("%x: we accept what pion refuses: %v", again, err)
		}
		want := expected(p, again)
		if len(theirs) != 1 || !reflect.DeepEqual(theirs[0], want) {
			t.Fatalf("%x: pion read %+v, want %+v", again, theirs[0], want)
		}
	}
}

// disagrees tells whether a packet is one of those that pion reads in another
// way, or does not read.
func disagrees(p Packet) bool {
	switch p := p.(type) {
	case TransportCC:
		// pion wants something to stand behind the last chunk, and refuses
		// feedback in which nothing has arrived and that fills its last word.
		return len(p.Deltas) == 0 && len(p.Chunks)%2 == 0
	case REMB:
		// pion makes 2 to the exponent, not 0, of a mantissa of 0.
		return p.Rate.Mantissa == 0
	}
	return false
}

// expected says in pion's words what we have read. pion has no words for TMMBR,
// TMMBN and RPSI, and leaves them as they are.
func expected(p Packet, b []byte) rtcp.Packet {
	switch p := p.(type) {
	case SenderReport:
		return &rtcp.SenderReport{
			SSRC: p.SSRC, NTPTime: p.NTP, RTPTime: p.RTP, PacketCount: p.Packets, OctetCount: p.Octets, Reports: expectedReports(p.Reports),
		}
	case ReceiverReport:
		return &rtcp.ReceiverReport{SSRC: p.SSRC, Reports: expectedReports(p.Reports), ProfileExtensions: b[len(b):]}
	case SourceDescription:
		return expectedDescription(p)
	case Goodbye:
		return &rtcp.Goodbye{Sources: append(make([]uint32, 0), p.Sources...), Reason: string(p.Reason)}
	case Application:
		return &rtcp.ApplicationDefined{SubType: p.Subtype, SSRC: p.SSRC, Name: string(p.Name[:]), Data: p.Data}
	case ExtendedReport:
		return expectedExtended(p)
	}
	return expectedFeedback(p, b)
}

func expectedFeedback(p Packet, b []byte) rtcp.Packet {
	switch p := p.(type) {
	case NACK:
		n := &rtcp.TransportLayerNack{SenderSSRC: p.Sender, MediaSSRC: p.Media}
		for _, l := range p.Lost {
			n.Nacks = append(n.Nacks, rtcp.NackPair{PacketID: l.PacketID, LostPackets: rtcp.PacketBitmap(l.Following)})
		}
		return n
	case TransportCC:
		return expectedTransportCC(p, b)
	case CCFB:
		c := &rtcp.CCFeedbackReport{SenderSSRC: p.Sender, ReportTimestamp: p.Timestamp, ReportBlocks: []rtcp.CCFeedbackReportBlock{}}
		for _, a := range p.Streams {
			block := rtcp.CCFeedbackReportBlock{MediaSSRC: a.SSRC, BeginSequence: a.Begin}
			for _, m := range a.Metrics {
				block.MetricBlocks = append(block.MetricBlocks, rtcp.CCFeedbackMetricBlock{
					Received: m.Received(), ECN: rtcp.ECN(m.ECN()), ArrivalTimeOffset: m.Offset(),
				})
			}
			c.ReportBlocks = append(c.ReportBlocks, block)
		}
		return c
	case PLI:
		return &rtcp.PictureLossIndication{SenderSSRC: p.Sender, MediaSSRC: p.Media}
	case SLI:
		s := &rtcp.SliceLossIndication{SenderSSRC: p.Sender, MediaSSRC: p.Media}
		for _, l := range p.Lost {
			s.SLI = append(s.SLI, rtcp.SLIEntry{First: l.First, Number: l.Number, Picture: l.Picture})
		}
		return s
	case FIR:
		f := &rtcp.FullIntraRequest{SenderSSRC: p.Sender}
		for _, r := range p.Entries {
			f.FIR = append(f.FIR, rtcp.FIREntry{SSRC: r.SSRC, SequenceNumber: r.Number})
		}
		return f
	case REMB:
		rate := float32(math.Ldexp(float64(p.Rate.Mantissa), int(p.Rate.Exponent)))
		return &rtcp.ReceiverEstimatedMaximumBitrate{SenderSSRC: p.Sender, Bitrate: rate, SSRCs: p.Sources}
	}
	raw := rtcp.RawPacket(b)
	return &raw
}

func expectedReports(all []ReportBlock) (out []rtcp.ReceptionReport) {
	for _, r := range all {
		out = append(out, rtcp.ReceptionReport{
			SSRC: r.SSRC, FractionLost: r.Fraction, TotalLost: uint32(r.Lost) & 0xffffff, // pion leaves the sign out
			LastSequenceNumber: r.Highest, Jitter: r.Jitter, LastSenderReport: r.LastSR, Delay: r.Delay,
		})
	}
	return out
}

func expectedDescription(p SourceDescription) rtcp.Packet {
	d := &rtcp.SourceDescription{}
	for _, c := range p.Chunks {
		chunk := rtcp.SourceDescriptionChunk{Source: c.SSRC}
		for _, i := range c.Items {
			chunk.Items = append(chunk.Items, rtcp.SourceDescriptionItem{Type: rtcp.SDESType(i.Kind), Text: string(i.Text)})
		}
		d.Chunks = append(d.Chunks, chunk)
	}
	return d
}

func expectedTransportCC(p TransportCC, b []byte) rtcp.Packet {
	c := &rtcp.TransportLayerCC{
		Header:     rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16(len(b)/4 - 1)},
		SenderSSRC: p.Sender, MediaSSRC: p.Media, BaseSequenceNumber: p.Base, PacketStatusCount: p.Statuses,
		ReferenceTime: uint32(p.Reference) & 0xffffff, FbPktCount: p.Count,
	}
	for _, s := range p.Chunks {
		if s.isRun() {
			c.PacketChunks = append(c.PacketChunks, &rtcp.RunLengthChunk{PacketStatusSymbol: uint16(s.symbol()), RunLength: uint16(s & 0x1fff)})
			continue
		}
		v := &rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: uint16(s >> 14 & 1)}
		for i := range 14 >> v.SymbolSize {
			v.SymbolList = append(v.SymbolList, uint16(s.at(i)))
		}
		c.PacketChunks = append(c.PacketChunks, v)
	}
	for _, d := range p.Deltas {
		delta := &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 250 * int64(d.Time)}
		if d.Large {
			delta.Type = rtcp.TypeTCCPacketReceivedLargeDelta
		}
		c.RecvDeltas = append(c.RecvDeltas, delta)
	}
	return c
}

func expectedExtended(p ExtendedReport) rtcp.Packet {
	x := &rtcp.ExtendedReport{SenderSSRC: p.SSRC}
	for _, block := range p.Blocks {
		b := block.AppendTo(nil)
		head := rtcp.XRHeader{
			BlockType: rtcp.BlockTypeType(b[0]), TypeSpecific: rtcp.TypeSpecificField(b[1]), BlockLength: uint16(len(b)/4 - 1),
		}
		x.Reports = append(x.Reports, expectedBlock(block, head))
	}
	return x
}

func expectedBlock(block Block, head rtcp.XRHeader) rtcp.ReportBlock {
	switch b := block.(type) {
	case Runs:
		runs := rtcp.LossRLEReportBlock{XRHeader: head, T: b.Thinning, SSRC: b.SSRC, BeginSeq: b.Begin, EndSeq: b.End}
		for _, c := range b.Chunks {
			runs.Chunks = append(runs.Chunks, rtcp.Chunk(c))
		}
		if b.Kind == DuplicateRLE {
			duplicates := rtcp.DuplicateRLEReportBlock(runs)
			return &duplicates
		}
		return &runs
	case Receipts:
		return &rtcp.PacketReceiptTimesReportBlock{
			XRHeader: head, T: b.Thinning, SSRC: b.SSRC, BeginSeq: b.Begin, EndSeq: b.End, ReceiptTime: b.Times,
		}
	case ReferenceTime:
		return &rtcp.ReceiverReferenceTimeReportBlock{XRHeader: head, NTPTimestamp: b.NTP}
	case Delays:
		delays := &rtcp.DLRRReportBlock{XRHeader: head}
		for _, d := range b {
			delays.Reports = append(delays.Reports, rtcp.DLRRReport{SSRC: d.SSRC, LastRR: d.Last, DLRR: d.Since})
		}
		return delays
	case Statistics:
		return &rtcp.StatisticsSummaryReportBlock{
			XRHeader: head, LossReports: b.Loss, DuplicateReports: b.Duplicates, JitterReports: b.Jitter,
			TTLorHopLimit: rtcp.TTLorHopLimitType(b.TTL), SSRC: b.SSRC, BeginSeq: b.Begin, EndSeq: b.End,
			LostPackets: b.Lost, DupPackets: b.Duplicated,
			MinJitter: b.Jitters[0], MaxJitter: b.Jitters[1], MeanJitter: b.Jitters[2], DevJitter: b.Jitters[3],
			MinTTLOrHL: b.TTLs[0], MaxTTLOrHL: b.TTLs[1], MeanTTLOrHL: b.TTLs[2], DevTTLOrHL: b.TTLs[3],
		}
	case VoIP:
		return &rtcp.VoIPMetricsReportBlock{
			XRHeader: head, SSRC: b.SSRC, LossRate: b.LossRate, DiscardRate: b.DiscardRate,
			BurstDensity: b.BurstDensity, GapDensity: b.GapDensity, BurstDuration: b.BurstDuration, GapDuration: b.GapDuration,
			RoundTripDelay: b.RoundTrip, EndSystemDelay: b.EndSystem, SignalLevel: uint8(b.SignalLevel), NoiseLevel: uint8(b.NoiseLevel),
			RERL: b.RERL, Gmin: b.Gmin, RFactor: b.RFactor, ExtRFactor: b.ExternalRFactor, MOSLQ: b.MOSLQ, MOSCQ: b.MOSCQ,
			RXConfig: b.Config, JBNominal: b.Nominal, JBMaximum: b.Maximum, JBAbsMax: b.Absolute,
		}
	}
	return nil
}

func TestAgreesWithPion(t *testing.T) {
	for _, s := range samples {
		b := bytesOf(t, s)
		agree(t, b)
		for i := range 8 * len(b) {
			turned := slices.Clone(b)
			turned[i/8] ^= 1 << (i % 8)
			agree(t, turned)
		}
	}
}

func TestAgreesWithPionOnCorpus(t *testing.T) {
	for _, f := range corpus(t) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, b)
	}
}

// The disagreements are there: when one is gone, it is no longer left out.
func TestDisagreements(t *testing.T) {
	if _, err := rtcp.Unmarshal(bytesOf(t, samples["TransportCC, nothing received"])); err == nil {
		t.Error("pion reads feedback in which nothing has arrived")
	}
	theirs, err := rtcp.Unmarshal(bytesOf(t, `8f ce 0004 11121314 00000000 52454d42 00 080000`))
	if err != nil {
		t.Fatal(err)
	}
	if r := theirs[0].(*rtcp.ReceiverEstimatedMaximumBitrate).Bitrate; r == 0 {
		t.Error("pion reads a bit rate of zero")
	}
	theirs, err = rtcp.Unmarshal(bytesOf(t, `a1 cd 0004 11121314 21222324 0001 0000 00000004`))
	if err != nil || len(theirs[0].(*rtcp.TransportLayerNack).Nacks) != 2 {
		t.Errorf("pion knows padding: %+v, %v", theirs, err)
	}
}

func FuzzPion(f *testing.F) {
	for _, s := range samples {
		f.Add(bytesOf(f, s))
	}
	f.Add(bytesOf(f, compound))
	f.Fuzz(agree)
}
