package rtcp

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// compound is what an end of a call sends by and by: how it fares, and its name.
const compound = `
	80 c8 0006 11121314 e1e2e3e4 f1f2f3f4 00000100 00000010 00001000 # SR
	81 ca 0005 11121314 01 0a 616c69636540686f7374 00 000000        # SDES: CNAME alice@host`

// transportCC is what a TransportCC begins with behind its header.
const transportCC = ` 11121314 21222324 0001 `

const name = `81 ca 0002 11121314 01 00 0000` // a name of no letters

type refusal struct {
	s              string
	rule           string
	offset, length int
	policy         bool
}

func (want refusal) test(t *testing.T, name string, err error) {
	t.Helper()
	var r *wire.Refusal
	if !errors.As(err, &r) {
		t.Errorf("%s: not refused", name)
	} else if r.Rule != want.rule || r.Offset != want.offset || r.Length != want.length || r.Policy != want.policy {
		t.Errorf("%s: %v, length %d, policy %v", name, r, r.Length, r.Policy)
	}
}

func TestCompound(t *testing.T) {
	rr := `80 c9 0001 11121314 `
	for what, s := range map[string]string{
		"report and name":          compound,
		"several reports":          `80 c9 0001 11121314` + rr + name,
		"the name comes last":      rr + samples["NACK"] + "\n" + samples["PLI"] + name,
		"padding at the end":       rr + `a1 ca 0003 11121314 01 00 0000 ffffff04`,
		"a goodbye in the middle":  rr + samples["BYE"] + name,
		"TransportCC pads itself":  rr + name + `af cd 0005` + transportCC + `0001 000001 07 2001 01 01` + samples["REMB"],
		"and is padded at the end": rr + name + `af cd 0006` + transportCC + `0001 000001 07 2001 01 00 00000004`,
	} {
		b := bytesOf(t, s)
		if err := CheckClear(b); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		fixed(t, b)
	}
	for what, c := range map[string]refusal{
		"nothing":                   {``, "R6", 0, 0, false},
		"no report first":           {name + rr, "R3", 1, 1, false},
		"feedback by itself":        {samples["NACK"], "R3", 1, 1, false},
		"no name":                   {rr + samples["PLI"], "R3", 20, 0, false},
		"descriptions without name": {rr + `80 ca 0000` + `81 ca 0002 11121314 02 00 0000`, "R3", 24, 0, false},
		"a type that is not known":  {`80 c2 0001 00000000`, "R3", 1, 1, true},
	} {
		c.test(t, what, CheckClear(bytesOf(t, c.s)))
	}
}

func TestRefusedHeaders(t *testing.T) {
	rr := `80 c9 0001 11121314 `
	for what, c := range map[string]refusal{
		"three bytes":                         {`80 c9 00`, "R6", 0, 3, false},
		"version 1":                           {rr + `40 c9 0001 11121314`, "R6", 8, 1, false},
		"type 199":                            {rr + `80 c7 0000`, "R3", 9, 1, true},
		"type 208":                            {rr + `80 d0 0000`, "R3", 9, 1, true},
		"longer than what is there (row 48)":  {rr + `80 c9 0002 11121314`, "R6", 10, 2, false},
		"65536 words (row 1)":                 {rr + `80 c9 ffff 11121314`, "R6", 10, 2, false},
		"something of three bytes behind":     {rr + `000000`, "R6", 8, 3, false},
		"1,484 bytes (row 1)":                 {`80 cc 0172` + strings.Repeat("00", 1480), "R5", 1480, 4, true},
		"33 packets (row 48)":                 {strings.Repeat(`80 cb 0000`, 33), "R5", 128, 4, true},
		"padding in the middle":               {`a0 c9 0002 11121314 00000004` + rr, "R6", 0, 1, false},
		"padding of nothing":                  {`a0 c9 0002 11121314 00000000`, "R6", 11, 1, false},
		"padding of half a word":              {`a0 c9 0002 11121314 00000002`, "R6", 11, 1, false},
		"padding into the header":             {rr + `a0 c9 0002 11121314 0000000c`, "R6", 19, 1, false},
		"padding that leaves no report":       {`a0 c9 0002 11121314 00000008`, "R6", 2, 2, false},
		"padding of feedback in the middle":   {`a1 ce 0003 11121314 21222324 00000002` + rr, "R6", 0, 1, false},
		"TransportCC padded as all":           {`af cd 0006 11121314 21222324 0001 0001 000001 07 2001 01 00 00000005`, "R6", 27, 1, false},
		"SR of six words (row 6)":             {`80 c8 0005` + strings.Repeat("00", 20), "R6", 2, 2, false},
		"SR with a block too many":            {`81 c8 0006` + strings.Repeat("00", 24), "R6", 0, 1, false},
		"SR with something behind":            {`80 c8 0007` + strings.Repeat("00", 28), "R19", 28, 4, true},
		"RR of one word (row 49)":             {rr + `80 c9 0000`, "R6", 10, 2, false},
		"RR with a block too many (row 37)":   {rr + `81 c9 0001 11121314`, "R6", 8, 1, false},
		"RR with half a block":                {`81 c9 0004` + strings.Repeat("00", 16), "R6", 0, 1, false},
		"RR with an extension":                {rr + `80 c9 0002 11121314 00000000`, "R19", 16, 4, true},
		"SDES with a chunk too many":          {`82 ca 0002 11121314 01 00 00 00`, "R6", 0, 1, false},
		"SDES of a source alone":              {`81 ca 0001 11121314`, "R6", 0, 1, false},
		"SDES with a chunk too few":           {`81 ca 0004 11121314 01 00 00 00 21222324 00000000`, "R6", 12, 8, false},
		"SDES, items without an end":          {`81 ca 0002 11121314 01 02 6161`, "R6", 12, 0, false},
		"SDES, an item without a length":      {`81 ca 0002 11121314 01 01 61 01`, "R6", 11, 1, false},
		"SDES, an item too long":              {`81 ca 0002 11121314 01 03 6161`, "R6", 9, 1, false},
		"SDES, an item of 255":                {`81 ca 0002 11121314 01 ff 6161`, "R6", 9, 1, false},
		"SDES, a kind that is not known":      {`81 ca 0002 11121314 09 00 00 00`, "R3", 8, 1, true},
		"SDES, kind 32":                       {`81 ca 0002 11121314 20 00 00 00`, "R3", 8, 1, true},
		"SDES, something behind the end":      {`81 ca 0002 11121314 01 00 00 01`, "R3", 11, 1, false},
		"SDES, not UTF-8":                     {`81 ca 0003 11121314 01 01 ff 00 00000000`, "R3", 10, 1, false},
		"SDES, two names":                     {`81 ca 0003 11121314 01 01 61 01 01 62 00 00`, "R5", 11, 3, true},
		"SDES, 17 items":                      {`81 ca 000a 11121314` + strings.Repeat("0200", 17) + `0000`, "R5", 40, 0, true},
		"SDES, a private item of nothing":     {`81 ca 0002 11121314 08 00 00 00`, "R6", 9, 1, false},
		"SDES, a private prefix too long":     {`81 ca 0003 11121314 08 02 02 61 00000000`, "R6", 9, 1, false},
		"BYE with a source too many":          {`82 cb 0001 11121314`, "R6", 0, 1, false},
		"BYE, a reason too long (row 35)":     {`81 cb 0002 11121314 04 616161`, "R6", 8, 1, false},
		"BYE, a reason of 255 (row 35)":       {`81 cb 0002 11121314 ff 616161`, "R6", 8, 1, false},
		"BYE, a reason too short":             {`81 cb 0003 11121314 03 616161 00000000`, "R6", 8, 1, false},
		"BYE, something behind the reason":    {`81 cb 0002 11121314 02 6161 61`, "R3", 11, 1, false},
		"BYE, not UTF-8":                      {`81 cb 0002 11121314 03 61c361`, "R3", 9, 3, false},
		"APP without a name":                  {`80 cc 0001 11121314`, "R6", 2, 2, false},
		"APP with a name of other characters": {`80 cc 0002 11121314 6e61ff65`, "R3", 10, 1, false},
	} {
		c.test(t, what, CheckReduced(bytesOf(t, c.s)))
	}
}

func TestRefusedFeedback(t *testing.T) {
	for what, c := range map[string]refusal{
		"format 0 of transport":             {`80 cd 0002 11121314 21222324`, "R3", 0, 1, true},
		"format 5 of transport":             {`85 cd 0002 11121314 21222324`, "R3", 0, 1, true},
		"format 31 of payload":              {`9f ce 0002 11121314 21222324`, "R3", 0, 1, true},
		"no media source":                   {`81 ce 0001 11121314`, "R6", 2, 2, false},
		"NACK of nothing":                   {`81 cd 0002 11121314 21222324`, "R6", 2, 2, false},
		"TMMBR of nothing":                  {`83 cd 0002 11121314 00000000`, "R6", 2, 2, false},
		"TMMBR of half an entry":            {`83 cd 0003 11121314 00000000 21222324`, "R6", 2, 2, false},
		"TMMBR with a media source":         {`83 cd 0004 11121314 00000100 21222324 0a6161fe`, "R3", 8, 4, false},
		"TMMBN of 2 to the 79":              {`84 cd 0004 11121314 00000000 21222324 fffffe00`, "R5", 16, 4, true},
		"PLI with parameters":               {`81 ce 0003 11121314 21222324 00000000`, "R6", 2, 2, false},
		"SLI of nothing":                    {`82 ce 0002 11121314 21222324`, "R6", 2, 2, false},
		"RPSI of nothing (row 38)":          {`83 ce 0002 11121314 21222324`, "R6", 2, 2, false},
		"RPSI, all bits ignored":            {`83 ce 0003 11121314 21222324 10 00 0000`, "R6", 12, 1, false},
		"RPSI, more than there is (row 38)": {`83 ce 0003 11121314 21222324 1f 00 0000`, "R6", 12, 1, false},
		"RPSI, 32 bits ignored (row 38)":    {`83 ce 0004 11121314 21222324 20 00 0000 00000000`, "R6", 12, 1, false},
		"RPSI, 255 bits ignored (row 38)":   {`83 ce 0004 11121314 21222324 ff 00 0000 00000000`, "R6", 12, 1, false},
		"RPSI, the bit that is zero":        {`83 ce 0003 11121314 21222324 00 80 0000`, "R3", 13, 1, false},
		"RPSI, bits in ignored bytes":       {`83 ce 0003 11121314 21222324 08 00 0001`, "R3", 15, 1, false},
		"RPSI, bits in an ignored half":     {`83 ce 0003 11121314 21222324 04 00 0008`, "R3", 15, 1, false},
		"FIR of nothing":                    {`84 ce 0002 11121314 00000000`, "R6", 2, 2, false},
		"FIR of an entry and a half":        {`84 ce 0005 11121314 00000000 21222324 0d000000 21222324`, "R6", 2, 2, false},
		"FIR with a media source":           {`84 ce 0004 11121314 00000001 21222324 0d000000`, "R3", 8, 4, false},
		"FIR with reserved bits":            {`84 ce 0004 11121314 00000000 21222324 0d000100`, "R3", 18, 1, false},
		"REMB without a rate":               {`8f ce 0003 11121314 00000000 52454d42`, "R6", 2, 2, false},
		"feedback of an application":        {`8f ce 0004 11121314 00000000 4c4e5446 00000000`, "R3", 12, 4, true},
		"REMB, a source too many":           {`8f ce 0004 11121314 00000000 52454d42 01 000000`, "R6", 16, 1, false},
		"REMB, a source too few":            {`8f ce 0005 11121314 00000000 52454d42 00 000000 00000000`, "R6", 16, 1, false},
		"REMB with a media source":          {`8f ce 0004 11121314 01000000 52454d42 00 000000`, "R3", 8, 4, false},
		"REMB of 2 to the 64 (row 12)":      {`8f ce 0004 11121314 00000000 52454d42 00 bfffff`, "R5", 17, 3, true},

		"TransportCC without chunks":        {`8f cd 0003` + transportCC + `0001`, "R6", 2, 2, false},
		"TransportCC of nothing":            {`8f cd 0004` + transportCC + `0000 000001 07`, "R5", 14, 2, true},
		"TransportCC of 32,769":             {`8f cd 0004` + transportCC + `8001 000001 07`, "R5", 14, 2, true},
		"TransportCC, a chunk is missing":   {`8f cd 0005` + transportCC + `0003 000001 07 0001 0001`, "R6", 14, 2, false},
		"TransportCC, a run too long":       {`8f cd 0005` + transportCC + `0003 000001 07 0004 0000`, "R6", 20, 2, false},
		"TransportCC, a run of none":        {`8f cd 0005` + transportCC + `0003 000001 07 0001 0000`, "R6", 22, 2, false},
		"TransportCC, a reserved run":       {`8f cd 0005` + transportCC + `0003 000001 07 6003 0000`, "R3", 20, 2, false},
		"TransportCC, a reserved symbol":    {`8f cd 0005` + transportCC + `0007 000001 07 cd50 0000`, "R3", 20, 2, false},
		"TransportCC, bits behind, one-bit": {`8f cd 0005` + transportCC + `000d 000001 07 8001 0000`, "R3", 20, 2, false},
		"TransportCC, bits behind, two-bit": {`8f cd 0005` + transportCC + `0006 000001 07 c001 0000`, "R3", 20, 2, false},
		"TransportCC, deltas are missing":   {`8f cd 0005` + transportCC + `0003 000001 07 2003 0101`, "R6", 22, 2, false},
		"TransportCC, a word behind":        {`8f cd 0006` + transportCC + `0001 000001 07 2001 01 00 00000000`, "R6", 23, 5, false},
		"TransportCC, not filled with zero": {`8f cd 0005` + transportCC + `0001 000001 07 2001 01 01`, "R3", 23, 1, false},
		"TransportCC, padded and filled":    {`af cd 0005` + transportCC + `0002 000001 07 0002 0001`, "R6", 22, 1, false},

		"CCFB, half a stream":           {`8b cd 0003 11121314 21222324 e1e2e3e4`, "R6", 8, 4, false},
		"CCFB, a metric too many":       {`8b cd 0005 11121314 21222324 0000 0003 8001 8001 e1e2e3e4`, "R6", 14, 2, false},
		"CCFB, 65,535 metrics":          {`8b cd 0005 11121314 21222324 0000 ffff 8001 8001 e1e2e3e4`, "R6", 14, 2, false},
		"CCFB, not received at a time":  {`8b cd 0005 11121314 21222324 0000 0002 8001 0001 e1e2e3e4`, "R3", 18, 2, false},
		"CCFB, something behind metric": {`8b cd 0005 11121314 21222324 0000 0001 8001 0001 e1e2e3e4`, "R3", 19, 1, false},
	} {
		c.test(t, what, CheckReduced(bytesOf(t, c.s)))
	}
}

func TestRefusedExtended(t *testing.T) {
	report := func(block string) string {
		words := len(strings.Join(strings.Fields(block), ""))/8 + 1
		return fmt.Sprintf("80 cf %04x 11121314 %s", words, block)
	}
	for what, c := range map[string]refusal{
		"no sender":                     {`80 cf 0000`, "R6", 2, 2, false},
		"reserved bits":                 {`81 cf 0001 11121314`, "R3", 0, 1, false},
		"a block too long (row 36)":     {report(`04 00 0003 e1e2e3e4 f1f2f3f4`), "R6", 10, 2, false},
		"a block of 65,536 (row 36)":    {report(`05 00 ffff e1e2e3e4 f1f2f3f4`), "R6", 10, 2, false},
		"block type 0":                  {report(`00 00 0000`), "R3", 8, 1, true},
		"block type 8":                  {report(`08 00 0000`), "R3", 8, 1, true},
		"block type 42":                 {report(`2a 00 0001 00000000`), "R3", 8, 1, true},
		"33 blocks":                     {report(strings.Repeat("05 00 0000", 33)), "R5", 136, 4, true},
		"loss without a range":          {report(`01 00 0001 21222324`), "R6", 10, 2, false},
		"loss with reserved bits":       {report(`01 10 0002 21222324 0000 0001`), "R3", 9, 1, false},
		"loss over 65,534":              {report(`01 00 0002 21222324 0000 fffe`), "R5", 16, 4, false},
		"loss, a run too long":          {report(`01 00 0003 21222324 0000 0010 4011 0000`), "R6", 20, 2, false},
		"loss, a run of none":           {report(`01 00 0003 21222324 0000 0010 4000 0000`), "R6", 20, 2, false},
		"loss, a vector too many":       {report(`01 00 0003 21222324 0000 000f 8001 8001`), "R6", 22, 2, false},
		"loss, something behind null":   {report(`01 00 0003 21222324 0000 000f 0000 8001`), "R6", 20, 2, false},
		"duplicates of no packets":      {report(`02 0f 0003 21222324 0001 0002 8001 0000`), "R6", 20, 2, false},
		"receipts, a time too few":      {report(`03 00 0003 21222324 0000 0002 00000001`), "R6", 10, 2, false},
		"receipts, a time too many":     {report(`03 01 0004 21222324 0000 0002 00000001 00000002`), "R6", 10, 2, false},
		"reference of one word":         {report(`04 00 0001 e1e2e3e4`), "R6", 10, 2, false},
		"reference with reserved bits":  {report(`04 01 0002 e1e2e3e4 f1f2f3f4`), "R3", 9, 1, false},
		"delays of half an entry":       {report(`05 00 0002 21222324 e3e4f1f2`), "R6", 10, 2, false},
		"delays with reserved bits":     {report(`05 80 0000`), "R3", 9, 1, false},
		"statistics of eight words":     {report(`06 00 0008` + strings.Repeat("00", 32)), "R6", 10, 2, false},
		"statistics with reserved bits": {report(`06 01 0009` + strings.Repeat("00", 36)), "R3", 9, 1, false},
		"statistics of a third kind":    {report(`06 18 0009` + strings.Repeat("00", 36)), "R3", 9, 1, false},
		"VoIP of nine words":            {report(`07 00 0009` + strings.Repeat("00", 36)), "R6", 10, 2, false},
		"VoIP with reserved bits":       {report(`07 00 0008` + strings.Repeat("00", 25) + `01` + strings.Repeat("00", 6)), "R3", 37, 1, false},
	} {
		c.test(t, what, CheckReduced(bytesOf(t, c.s)))
	}
}
