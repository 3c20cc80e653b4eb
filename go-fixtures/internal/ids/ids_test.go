package ids

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func TestMixKnownValues(t *testing.T) {
	// SplitMix64 with seed 0 yields Mix(golden gamma) first: a value published with the generator.
	if got := Mix(0x9e3779b97f4a7c15); got != 0xe220a8397b1dcdaf {
		t.Fatalf("Mix = %#x, want 0xe220a8397b1dcdaf", got)
	}
}

func TestUnmixInvertsMix(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	check := func(x uint64) {
		if got := Unmix(Mix(x)); got != x {
			t.Fatalf("Unmix(Mix(%#x)) = %#x", x, got)
		}
	}
	for i := range 64 {
		check(1 << i)
		check(1<<i - 1)
		check(^uint64(0) << i)
	}
	for range 200_000 {
		check(random.Uint64())
	}
}

func TestSpanIDsRoundTripAndAreUnique(t *testing.T) {
	salt := uint64(1234567890123)
	seen := make(map[uint64]bool)
	for _, process := range []uint16{0, 1, 0xffff} {
		ids := SpanIDs{Process: process, Salt: salt}
		for _, base := range []uint64{0, 1 << 20, slotMask - 50_000} {
			for i := range uint64(50_000) {
				id := ids.ID(base + i)
				if seen[id] {
					t.Fatalf("id %#x twice", id)
				}
				seen[id] = true
				if slot, ok := ids.Slot(id); !ok || slot != base+i {
					t.Fatalf("Slot(ID(%d)) = %d, %v", base+i, slot, ok)
				}
			}
		}
	}
}

func TestForeignSpanIDIsNotOurs(t *testing.T) {
	if _, ok := (SpanIDs{Process: 1, Salt: 5}).Slot(SpanIDs{Process: 2, Salt: 5}.ID(7)); ok {
		t.Fatal("an id of process 2 was taken for one of process 1")
	}
}

func TestTraceIDLayout(t *testing.T) {
	ids := TraceIDs{RunTag: 0x1234, Trial: 3, Key: 9876543210987}
	id := ids.For(WithRequest(context.Background(), 77), 0)
	low := Mix(77 ^ ids.Key)
	if got, want := hex.EncodeToString(id[:8]), "123400030000004d"; got != want {
		t.Fatalf("high word %s, want %s", got, want)
	}
	if got := ids.layout(77, low); got != id {
		t.Fatalf("low word: %x, want %x", id, got)
	}
	free := ids.For(context.Background(), 9)
	if got, want := hex.EncodeToString(free[:8]), "12340003ffffffff"; got != want {
		t.Fatalf("unnumbered high word %s, want %s", got, want)
	}
	if free != ids.layout(NoRequest, Mix(9^^ids.Key)) {
		t.Fatalf("unnumbered low word of %x", free)
	}
}

// TestTraceIDKnownValues has values that were computed by another program from the formulas of docs/fixture-protocol.md.
func TestTraceIDKnownValues(t *testing.T) {
	ids := TraceIDs{RunTag: 4660, Trial: 3, Key: 9876543210987}
	for part, want := range map[uint16]string{
		0: "1234000300000005cf413557bed49569",
		2: "1234000300000005f7e83ca71e56e641",
	} {
		id := ids.ForPart(5, part)
		if got := hex.EncodeToString(id[:]); got != want {
			t.Errorf("part %d: %s, want %s", part, got, want)
		}
		begun := TraceIDs{ids.RunTag, ids.Trial, ids.Key, part}
		if got := begun.For(WithRequest(context.Background(), 5), 0); got != id {
			t.Errorf("part %d begins %x", part, got)
		}
	}
	if ids.ForRequest(5) != ids.ForPart(5, 0) {
		t.Error("the entry's trace id is not that of part 0")
	}
}

func TestEveryPartInverts(t *testing.T) {
	ids := TraceIDs{Key: 0xfedcba9876543210}
	for _, part := range []uint16{0, 1, 2, 0x8000, 0xffff} {
		for _, request := range []uint32{0, 1, 5, 1 << 31, NoRequest - 1} {
			id := ids.ForPart(request, part)
			low := Unmix(binary.BigEndian.Uint64(id[8:])) ^ ids.Key
			if low != uint64(part)<<32|uint64(request) || binary.BigEndian.Uint32(id[4:]) != request {
				t.Errorf("request %d, part %d gives %x", request, part, id)
			}
		}
	}
}

func BenchmarkSlotOfSpanID(b *testing.B) {
	ids := SpanIDs{Process: 1, Salt: 99}
	var sum uint64
	for i := 0; b.Loop(); i++ {
		slot, _ := ids.Slot(uint64(i))
		sum += slot
	}
	_ = sum
}
