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
	SENDING,
	SENT,
	RETURNED,
	CLOSED,
	PASSED,
	KINDS = 33,
	// Of a name, by its digest: no counter, for names are only for people.
	NAME = 64,
	// Of a batch processor: what it is set to. The reader says the same where it was there in time.
	SETTINGS = 68,
	// Of one of the SDK's OTLP exporters, by its address: where it sends to, as far as its client says.
	ENDPOINT = 72,
	// Of an interface's table: where the name of its type is in the program's type data.
	TYPED = 73,
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
	// Where a span that is not ended has its name.
	__u32 span_name;
	// Where enqueueDrop keeps the table of its span's interface; 0: nowhere.
	__u32 drop_table;
	// Hash of the type of the SDK's snapshots of spans; 0: not known.
	__u32 snapshot;
	// Where a batch processor has its options, and where these are in them.
	__u32 bsp_o, opt_max_queue, opt_max_batch, opt_batch_timeout, opt_export_timeout, opt_block;
};
const volatile struct config config;

struct record {
	__u64 at;
	__u8 kind;
	__u8 flags;
	__u16 extra;
	// Of STARTED: the lower half of the digest of its name. Else on which CPU it was.
	__u32 name;
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

// Whatever is lost on the way to the reader is counted here, so that a loss is exact. A program may be preempted by another one
// on its CPU, so these are changed by atomic instructions only.
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

// Where a thread makes its record for the perf buffer, which lends no memory of its own. A thread runs one program at a time, so
// no other program writes there meanwhile, as it might to memory of the CPU.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, __u64);
	__type(value, struct record);
} scratch SEC(".maps");

// What new entries of maps begin as: from here, not from the stack.
const volatile struct record blank;
const volatile __u8 known = 1;

// The export that a goroutine is in, or will be in next: of which processor. A goroutine is on one thread at a time, and a thread
// in one program, so an entry has one writer; a goroutine that moves to another thread takes its writes along.
struct export {
	__u64 processor, began;
	__u32 depth, batch;
	// It has no queue.
	__u32 simple;
	// The last call of the SDK's own exporter, where another one is around it.
	__u32 inner;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct export);
} exports SEC(".maps");

// A span, and, where its goroutine waits for room in the queue, of which processor.
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

// Names that the reader knows, by digest; batch processors whose settings it knows, and tables whose types it knows, by address;
// exporters whose endpoints it knows, by a sum of what they point to.
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

// These are functions of their own, so that what each has on the stack is little (see the top of otelgo.bpf.c).
static __noinline struct counter *counter_of(__u32 kind)
{
	return bpf_map_lookup_elem(&counters, &kind);
}

static __always_inline int read(void *to, __u32 bytes, __u64 from)
{
	return bpf_probe_read_user(to, bytes, (const void *)from);
}

// A number of bytes that is bounded in a way that the verifier follows: the compiler may not compare one copy and use another.
static __always_inline __u32 at_most(__u64 bytes, __u64 most)
{
	if (bytes > most)
		bytes = most;
	asm volatile("" : "+r"(bytes));
	return bytes;
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

static __always_inline void add(__u64 *counter, __u64 number)
{
	__sync_fetch_and_add(counter, number);
}

static __always_inline void mix(__u64 *ids, __u64 id)
{
	__sync_fetch_and_xor(ids, id);
}

// Counts a record that finds no room. Of several at a time one is the first.
static __noinline int lose(struct counter *counter, __u64 id, __u64 at)
{
	if (!__sync_val_compare_and_swap(&counter->first_lost_at, 0, at))
		counter->first_lost_hit = counter->hit;
	add(&counter->lost, 1);
	mix(&counter->ids_lost, id);
	return 0;
}

// Memory for a record: of the ring buffer itself, or, for a perf buffer, of this thread. Nobody else has it until it is given
// away. NULL where there is no room.
static __noinline struct record *room(__u32 kind)
{
	struct record *record;
	__u64 thread;

	if (config.perf) {
		thread = bpf_get_current_pid_tgid();
		record = bpf_map_lookup_elem(&scratch, &thread);
		if (!record) {
			bpf_map_update_elem(&scratch, &thread, (const void *)&blank, BPF_NOEXIST);
			record = bpf_map_lookup_elem(&scratch, &thread);
		}
	} else {
		record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	}
	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	record->at = bpf_ktime_get_ns();
	record->kind = kind;
	record->name = bpf_get_smp_processor_id();
	return record;
}

// Gives a record to the reader; whether it went.
static __noinline int give(void *ctx, struct record *record)
{
	__u64 flags = config.wake;

	if (config.perf)
		return !bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, record, sizeof(*record));
	if (config.wake_bytes)
		flags = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) >= config.wake_bytes ? BPF_RB_FORCE_WAKEUP :
											       BPF_RB_NO_WAKEUP;
	bpf_ringbuf_submit(record, flags);
	return 1;
}

// Gives up a record.
static __always_inline void drop(struct record *record)
{
	if (!config.perf)
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
}

// The record of a hit that was counted; NULL where there is no room, and that is counted too.
static __always_inline struct record *counted(struct counter *counter, __u32 kind, __u64 id)
{
	struct record *record = room(kind);

	if (!record)
		lose(counter, id, bpf_ktime_get_ns());
	return record;
}

// Counts a hit and begins its record.
static __noinline struct record *say(__u32 kind)
{
	struct counter *counter = counter_of(kind);

	if (!counter)
		return 0;
	add(&counter->hit, 1);
	return counted(counter, kind, 0);
}

// Gives the record of a hit that was counted to the reader. `id`: of its span.
static __always_inline void said(void *ctx, struct record *record, __u64 id)
{
	// A perf buffer leaves the record with us.
	__u64 at = record->at;
	__u32 kind = record->kind;
	struct counter *counter;

	if (give(ctx, record))
		return;
	counter = counter_of(kind);
	if (counter)
		lose(counter, id, at);
}

// Begins the record of a span that was counted, where it is wanted.
static __noinline struct record *wanted(struct counter *counter, __u32 kind, const struct waiting *span)
{
	struct record *record;

	mix(&counter->ids, span->span);
	if (!config.spans)
		return 0;
	if (config.sample > 1 && (__u32)(span->trace[1] >> 32) % config.sample) {
		add(&counter->skipped, 1);
		return 0;
	}
	record = counted(counter, kind, span->span);
	if (record) {
		record->trace[0] = span->trace[0];
		record->trace[1] = span->trace[1];
		record->span = span->span;
	}
	return record;
}

// Reads a span's ids and, where that is possible, its flags; `context` is the address of its SpanContext. -1 if not.
static __noinline int identify(struct waiting *span, __u64 context)
{
	__u8 flags = 0;

	if (read(span->trace, sizeof(span->trace), context + config.trace_id) ||
	    read(&span->span, sizeof(span->span), context + config.span_id) ||
	    read(&flags, sizeof(flags), context + config.flags))
		return -1;
	return flags & SAMPLED;
}

// Counts a span and, where it is wanted, begins its record. `out`, where there is one, gets its ids. A span whose ids are not
// found, for its type is the program's own, has the context 0 and a record without ids.
static __noinline struct record *say_span(__u32 kind, __u64 context, struct waiting *out)
{
	struct counter *counter = counter_of(kind);
	struct record *record;
	struct waiting span = {};
	int flags;

	if (!counter)
		return 0;
	add(&counter->hit, 1);
	flags = context ? identify(&span, context) : 0;
	if (flags < 0) {
		add(&counter->fault, 1);
		return 0;
	}
	if (out) {
		out->trace[0] = span.trace[0];
		out->trace[1] = span.trace[1];
		out->span = span.span;
	}
	record = wanted(counter, kind, &span);
	if (record)
		record->flags = flags;
	return record;
}

static __always_inline void said_span(void *ctx, struct record *record)
{
	said(ctx, record, record->span);
}

// The other side reads these bytes; a test holds the fields against its types (`probes/src/attach/header.rs`).
_Static_assert(sizeof(struct config) == 132, "struct config");
_Static_assert(sizeof(struct record) == 64, "struct record");
_Static_assert(sizeof(struct counter) == 64, "struct counter");
