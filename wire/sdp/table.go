package sdp

// table finds what belongs to a name. It is asked about every line of a description,
// and a map would take a fifth of the whole time.
type table[T any] struct {
	slots [256]struct {
		name string
		of   T
	}
}

// spread tells the names of the lists apart well enough; what falls together stands
// in the next free slot.
func spread(name []byte) uint8 {
	n := len(name)
	return name[0]*31 + name[n-1]*7 + name[n/2]*3 + uint8(n)
}

// put adds a name, which is not empty; the lists are far shorter than the table.
func (t *table[T]) put(name string, of T) {
	at := spread([]byte(name))
	for t.slots[at].name != "" {
		at++
	}
	t.slots[at].name, t.slots[at].of = name, of
}

// get returns what belongs to a name, nil when there is no such name.
func (t *table[T]) get(name []byte) *T {
	if len(name) == 0 {
		return nil
	}
	for at := spread(name); t.slots[at].name != ""; at++ {
		if t.slots[at].name == string(name) {
			return &t.slots[at].of
		}
	}
	return nil
}
