package rtcp

import "encoding/binary"

// VoIP says how a call sounds, RFC 3611 §4.7.
type VoIP struct {
	SSRC                       uint32
	LossRate, DiscardRate      byte   // in parts of 256, §4.7.1
	BurstDensity, GapDensity   byte   // in parts of 256, §4.7.2
	BurstDuration, GapDuration uint16 // ms, §4.7.2
	RoundTrip, EndSystem       uint16 // ms, §4.7.3
	SignalLevel, NoiseLevel    int8   // dBm0, §4.7.4
	RERL, Gmin                 byte   // dB, §4.7.4; packets, §4.7.2
	RFactor, ExternalRFactor   byte   // §4.7.5
	MOSLQ, MOSCQ               byte   // tenths, §4.7.5
	Config                     byte   // of the receiver, §4.7.6
	Nominal, Maximum, Absolute uint16 // delay of the jitter buffer in ms, §4.7.7
}

const voipSize = 36

func init() { blocks[VoIPMetrics] = blockKind{checkVoIP, readVoIP} }

func checkVoIP(b []byte) error {
	if err := checkBlock(b, voipSize, 0xff, "RFC 3611 §4.7"); err != nil {
		return err
	}
	return checkReserved(b, 29, 0xff, "RFC 3611 §4.7.6")
}

func readVoIP(b []byte) Block {
	return VoIP{
		SSRC:     binary.BigEndian.Uint32(b[4:]),
		LossRate: b[8], DiscardRate: b[9], BurstDensity: b[10], GapDensity: b[11],
		BurstDuration: binary.BigEndian.Uint16(b[12:]),
		GapDuration:   binary.BigEndian.Uint16(b[14:]),
		RoundTrip:     binary.BigEndian.Uint16(b[16:]),
		EndSystem:     binary.BigEndian.Uint16(b[18:]),
		SignalLevel:   int8(b[20]), NoiseLevel: int8(b[21]), RERL: b[22], Gmin: b[23],
		RFactor: b[24], ExternalRFactor: b[25], MOSLQ: b[26], MOSCQ: b[27],
		Config:   b[28],
		Nominal:  binary.BigEndian.Uint16(b[30:]),
		Maximum:  binary.BigEndian.Uint16(b[32:]),
		Absolute: binary.BigEndian.Uint16(b[34:]),
	}
}

// BlockType returns VoIPMetrics.
func (VoIP) BlockType() BlockType { return VoIPMetrics }

// AppendTo writes the block, RFC 3611 §4.7.
func (v VoIP) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginBlock(b, VoIPMetrics, 0)
	b = binary.BigEndian.AppendUint32(b, v.SSRC)
	b = append(b, v.LossRate, v.DiscardRate, v.BurstDensity, v.GapDensity)
	for _, d := range [...]uint16{v.BurstDuration, v.GapDuration, v.RoundTrip, v.EndSystem} {
		b = binary.BigEndian.AppendUint16(b, d)
	}
	b = append(b, byte(v.SignalLevel), byte(v.NoiseLevel), v.RERL, v.Gmin)
	b = append(b, v.RFactor, v.ExternalRFactor, v.MOSLQ, v.MOSCQ, v.Config, 0)
	for _, d := range [...]uint16{v.Nominal, v.Maximum, v.Absolute} {
		b = binary.BigEndian.AppendUint16(b, d)
	}
	return finish(b, start)
}
