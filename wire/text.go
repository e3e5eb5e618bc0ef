package wire

import "encoding/binary"

// Plain is how many bytes from the first on are visible ASCII or a space. It looks
// at eight at once: text protocols spend most of their time here.
func Plain(b []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; len(b)-at >= 8; at += 8 {
		x := binary.LittleEndian.Uint64(b[at:])
		below := (x - ones*0x20) & ^x // a byte below 0x20
		del := (x ^ ones*0x7f) - ones // a byte of 0x7f
		if (below|x|del&^(x^ones*0x7f))&high != 0 {
			break
		}
	}
	for at < len(b) && b[at] >= 0x20 && b[at] < 0x7f {
		at++
	}
	return at
}
