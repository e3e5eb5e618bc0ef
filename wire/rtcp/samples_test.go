package rtcp

// samples are packets of all types, each by itself. All are accepted, and are
// written as they were read.
var samples = map[string]string{
	"SR without blocks": `
		80 c8 0006          # no blocks, SR, seven words
		11121314            # SSRC
		e1e2e3e4 f1f2f3f4   # NTP time
		00000100            # RTP time
		00000010 00001000   # packets, octets`,
	"SR": `
		81 c8 000c
		11121314 e1e2e3e4 f1f2f3f4 00000100 00000010 00001000
		21222324            # SSRC of the block
		40 ffffff           # a quarter lost lately, -1 in all
		00010203 00000007   # highest sequence number, jitter
		e3e4f1f2 00010000   # last SR, a second ago`,
	"RR without blocks": `80 c9 0001 11121314`,
	"RR": `
		82 c9 000d 11121314
		21222324 00 000000 00000000 00000000 00000000 00000000
		31323334 ff 7fffff ffffffff ffffffff ffffffff ffffffff`,

	"SDES of nothing": `80 ca 0000`,
	"SDES": `
		82 ca 0008
		11121314
		01 05 616c696365    # CNAME
		0f 01 30            # MID
		00 00               # end, and up to the word
		21222324
		08 06 02 7878 797a7a # PRIV: prefix of two bytes
		00 000000           # end
		`,
	"SDES without items": `81 ca 0002 11121314 00000000`,
	"SDES of one word":   `81 ca 0003 11121314 01 01 61 02 00 00 0000`,

	"BYE of nobody":        `80 cb 0000`,
	"BYE":                  `82 cb 0002 11121314 21222324`,
	"BYE with a reason":    `81 cb 0003 11121314 05 6c6174652e 0000`,
	"BYE, reason to end":   `81 cb 0002 11121314 03 6f7574`,
	"BYE, reason is empty": `81 cb 0002 11121314 00 000000`,

	"APP":           `83 cc 0003 11121314 6e616d65 01020304`,
	"APP of nobody": `80 cc 0002 11121314 6e616d65`,

	"NACK":  `81 cd 0004 11121314 21222324 0001 8001 0100 0000`,
	"TMMBR": `83 cd 0004 11121314 00000000 21222324 0a6161fe`,
	"TMMBN of two": `
		84 cd 0006 11121314 00000000
		21222324 0a6161fe
		31323334 12616028`,
	"TMMBN of none": `84 cd 0002 11121314 00000000`,
	"TransportCC, a run": `
		8f cd 0005 11121314 21222324
		0001 0002           # from 1, two packets
		000001 07           # reference time, count
		2002                # both received
		01 02               # small deltas`,
	"TransportCC, all chunks": `
		8f cd 0010 11121314 21222324
		fff0 011c           # from 65520, 284 packets
		ffffff ff
		00dd                # 221 not received: the draft's first example of §3.1.3
		4002                # two large deltas
		9f1c                # 14 with one bit, of them 8 received: the first of §3.1.4
		d550                # seven with two bits: 1 1 1 1 1 0 0
		e800                # 2 2 0 0 0 0 0
		000a                # ten not received
		a000                # 14 with one bit: the first received
		c064                # 0 0 0 1 2 1 0
		b000                # the last two: received
		ff00 8000           # deltas: of the run
		01 02 03 04 05 06 07 08
		09 0a 0b 0c 0d
		7fff fffe
		0e
		0f 0100 10
		11 12
		0000                # up to the word`,
	"TransportCC, nothing received": `8f cd 0005 11121314 21222324 0001 0fff 000001 07 0ffe 0001`,
	"CCFB": `
		8b cd 0008 11121314
		21222324 0010 0003  # from 16, three packets
		8001 0000 ffff      # received, not received, received
		0000                # up to the word
		31323334 0000 0000  # no packets of another
		e1e2e3e4            # time of the report`,
	"CCFB of none": `8b cd 0002 11121314 e1e2e3e4`,

	"PLI":  `81 ce 0002 11121314 21222324`,
	"SLI":  `82 ce 0003 11121314 21222324 fff8 0ffe`,
	"RPSI": `83 ce 0004 11121314 21222324 1b 60 c1c2 40 000000`,
	"FIR":  `84 ce 0006 11121314 00000000 21222324 0d 000000 31323334 0e 000000`,
	"REMB": `
		8f ce 0006 11121314 00000000
		52454d42            # REMB
		02 07fb93           # two sources, 261,011 * 2
		21222324 31323334`,
	"REMB of none": `8f ce 0004 11121314 00000000 52454d42 00 bbffff`,

	"XR of nothing": `80 cf 0001 11121314`,
	"XR, loss": `
		80 cf 0006 11121314
		01 00 0004 21222324
		fff0 0010           # 32 packets
		4010                # sixteen that came
		8001                # fifteen, of which the last came
		0001                # one lost
		0000                # the end`,
	"XR, duplicates, thinned": `
		80 cf 0005 11121314
		02 03 0003 21222324
		0001 0019           # 1 to 24, of them 8, 16, 24
		f000 0000`,
	"XR, receipts": `
		80 cf 0006 11121314
		03 01 0004 21222324
		ffff 0003           # 65535 to 2, of them 0 and 2
		00000001 00000002`,
	"XR, the rest": `
		80 cf 001c 11121314
		04 00 0002 e1e2e3e4 f1f2f3f4
		05 00 0003 21222324 e3e4f1f2 00010000
		05 00 0000          # of nobody
		06 e8 0009 21222324 0001 0101 00000001 00000002 00000003 00000004 00000005 00000006 40 80 50 08
		07 00 0008 21222324 01 02 03 04 0005 0006 0007 0008 e2 b0 0b 10 5d 7f 2a 2b 34 00 0028 0050 0078`,
}
