// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// What the programs share: their configuration, their maps, and the way of a record to its reader.
#pragma once

// What a record says. The numbers are those of `spanfate_model::probe::Kind`.
enum kind {
	STARTED = 1,
	ENDED,
	OFFERED,
	QUEUED,
	DROPPED,
	BLOCKED,
	GIVEN_UP,
	EXPORT,
	HANDOVER,
	HANDED,
	EXPORTED,
	TEXT,
	SHUTDOWN,
	SHUT,
	DRAINED,
	CREATED,
	GC_BEGIN,
	GC_END,
	STW_BEGIN,
	STW_END,
	GOROUTINE,
	TRAP,
	CALLS,
	GONE,
	SIMPLE,
	LISTED,
	CLOSING,
	KINDS = 32,
	// Of a name, by its digest: no counter, for names are only for people.
	NAME = 64,
};

// What the loader knows of the binary and of the user's wishes. Offsets are bytes inside Go's structs.
struct config {
	__u32 goid, qcount;
	__u32 trace_id, span_id, flags;
	__u32 span_parent, span_kind, span_context;
	__u32 snap_name, snap_context;
	__u32 bsp_queue, bsp_dropped;
	// Where enqueueDrop keeps its processor and its span while it asks the channel: bytes above the stack pointer.
	__u32 drop_bsp, drop_span;
	// From a span to its tracer, to the provider, to the provider's list of processors; and where a simple processor has its
	// exporter.
	__u32 span_tracer, tracer_provider, provider_list, ssp_exporter;
	// 0: spans are counted, but make no records.
	__u32 spans;
	// One of so many traces makes records; the others are counted.
	__u32 sample;
	// 0: ring buffer, 1: perf buffer.
	__u32 perf;
	// Flags of bpf_ringbuf_submit where `wake_bytes` is 0.
	__u32 wake;
	// The reader is woken once so many bytes wait; 0: as `wake` says.
	__u32 wake_bytes;
	// Where a batch processor has its exporter.
	__u32 bsp_e;
};
const volatile struct config config;

struct record {
	__u64 at;
	__u8 kind;
	__u8 flags;
	__u16 extra;
	__u32 cpu;
	__u64 goroutine;
	union {
		struct {
			__u64 trace[2];
			__u64 span;
		};
		struct {
			__u32 batch, spans, dropped, queue;
			__u64 type;
		};
		// Of an entry of a provider's list.
		struct {
			__u32 index, count;
			__u64 receiver, table;
		};
		// Of a text: it goes on over `a` and `b`.
		__u8 text[24];
	};
	__u64 a, b;
};

// Whatever is lost on the way to the reader is counted here, so that a loss is exact.
struct counter {
	__u64 hit, lost, fault, skipped;
	__u64 ids, ids_lost;
	__u64 first_lost_at, first_lost_hit;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} samples SEC(".maps");

// The export that a goroutine is in, or will be in next: of which processor.
struct export {
	__u64 processor, began;
	__u32 depth, batch;
	// It has no queue.
	__u32 simple, reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct export);
} exports SEC(".maps");

// The span whose goroutine waits for room in the queue.
struct waiting {
	__u64 trace[2], span, processor;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, __u64);
	__type(value, struct waiting);
} blocked SEC(".maps");

// Lists of processors that the reader knows, by digest.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u8);
} lists SEC(".maps");

// Names that the reader knows, by digest.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} batches SEC(".maps");

static __always_inline struct counter *counter_of(__u32 kind)
{
	return bpf_map_lookup_elem(&counters, &kind);
}

static __always_inline int read(void *to, __u32 bytes, __u64 from)
{
	return bpf_probe_read_user(to, bytes, (const void *)from);
}

static __always_inline __u64 word(__u64 from)
{
	__u64 out = 0;

	read(&out, sizeof(out), from);
	return out;
}

// What is in a record's `flags` beside what its kind says.
enum flag {
	SAMPLED = 1,
	PARENT_SAMPLED = 2,
	// The processor has no queue.
	OF_SIMPLE = 2,
	// The span came while its goroutine was in another export.
	NESTED = 4,
	// The processor has no exporter.
	NO_EXPORTER = 8,
};

static __always_inline long output(void *ctx, struct record *record)
{
	__u64 flags = config.wake;

	record->at = bpf_ktime_get_ns();
	record->cpu = bpf_get_smp_processor_id();
	if (config.perf)
		return bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, record, sizeof(*record));
	if (config.wake_bytes)
		flags = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= config.wake_bytes ? BPF_RB_FORCE_WAKEUP :
											       BPF_RB_NO_WAKEUP;
	return bpf_ringbuf_output(&events, record, sizeof(*record), flags);
}

static __always_inline void emit(void *ctx, struct record *record, struct counter *counter, __u64 id)
{
	if (output(ctx, record)) {
		if (!counter->lost) {
			counter->first_lost_at = record->at;
			counter->first_lost_hit = counter->hit;
		}
		counter->lost++;
		counter->ids_lost ^= id;
	}
}

// Counts a hit and records it.
static __always_inline void say(void *ctx, struct record *record)
{
	struct counter *counter = counter_of(record->kind);

	if (!counter)
		return;
	counter->hit++;
	emit(ctx, record, counter, 0);
}

// Counts a span and, where it is wanted, records it. `context` is the address of its SpanContext.
static __always_inline void span(void *ctx, struct record *record, __u64 context)
{
	struct counter *counter = counter_of(record->kind);
	__u8 flags = 0;

	if (!counter)
		return;
	counter->hit++;
	if (read(record->trace, sizeof(record->trace), context + config.trace_id) ||
	    read(&record->span, sizeof(record->span), context + config.span_id) ||
	    read(&flags, sizeof(flags), context + config.flags)) {
		counter->fault++;
		return;
	}
	counter->ids ^= record->span;
	if (!config.spans)
		return;
	if (config.sample > 1 && (__u32)(record->trace[1] >> 32) % config.sample) {
		counter->skipped++;
		return;
	}
	record->flags |= flags & 1;
	emit(ctx, record, counter, record->span);
}

// The other side reads these bytes; a test holds the fields against its types (`probes/src/attach/header.rs`).
_Static_assert(sizeof(struct config) == 96, "struct config");
_Static_assert(sizeof(struct record) == 64, "struct record");
_Static_assert(sizeof(struct counter) == 64, "struct counter");
