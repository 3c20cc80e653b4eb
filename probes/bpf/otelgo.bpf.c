// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// What the kernel sees of spans in a Go process (x86-64). Every program sits on an instruction that the loader has looked up
// in the binary: behind a function's stack check, at a return, or at a branch. None sits on a function's first instruction
// (the runtime runs that again when a stack grows), and none is a uretprobe (it changes a return address that the runtime
// reads). Arguments lie in the registers of Go's calling convention: RAX, RBX, RCX, RDI, RSI, R8 ...; the goroutine in R14.
//
// The object is committed beside this file; `probes/bpf/build` makes it again, byte for byte, with clang 14.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
	__u32 reserved;
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

// The export that a goroutine is in.
struct export {
	__u64 processor, began;
	__u32 depth, batch;
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

static __always_inline struct record new(struct pt_regs *ctx, __u8 kind)
{
	struct record record = { .kind = kind };

	record.goroutine = word(ctx->r14 + config.goid);
	return record;
}

// (*recordingSpan).runtimeTrace: every recording span passes it once, with its ids set.
SEC("uprobe")
int started(struct pt_regs *ctx)
{
	struct record record = new(ctx, STARTED);
	__u8 flags = 0;

	record.extra = (__u16)word(ctx->rax + config.span_kind);
	record.a = word(ctx->rax + config.span_parent + config.span_id);
	read(&flags, sizeof(flags), ctx->rax + config.span_parent + config.flags);
	record.flags = (flags & 1) << 1;
	span(ctx, &record, ctx->rax + config.span_context);
	return 0;
}

// (*recordingSpan).End: also the second End of a span, which does nothing.
SEC("uprobe")
int ended(struct pt_regs *ctx)
{
	struct record record = new(ctx, ENDED);

	span(ctx, &record, ctx->rax + config.span_context);
	return 0;
}

// (*batchSpanProcessor).OnEnd, with a snapshot in an interface.
SEC("uprobe")
int offered(struct pt_regs *ctx)
{
	struct record record = new(ctx, OFFERED);

	record.a = ctx->rax;
	span(ctx, &record, ctx->rcx + config.snap_context);
	return 0;
}

// A span's name as a digest of its length and its first 40 bytes. The reader gets the bytes once; a name may lie on the heap,
// so nobody could read them later.
static __always_inline void name(void *ctx, struct record *record, __u64 snapshot)
{
	struct record name = { .kind = NAME };
	__u64 length = word(snapshot + config.snap_name + 8);
	__u64 digest = length * 0x9e3779b97f4a7c15ull + 1;
	__u8 known = 1;
	__u64 bytes[5] = {};
	int index;

	if (!length || read(bytes, length < sizeof(bytes) ? length : sizeof(bytes), word(snapshot + config.snap_name)))
		return;
#pragma unroll
	for (index = 0; index < 5; index++)
		digest = (digest ^ bytes[index]) * 0xff51afd7ed558ccdull;
	// The low bits of a product know only low bits.
	digest ^= digest >> 32;
	record->b = digest;
	if (bpf_map_lookup_elem(&names, &digest))
		return;
	name.goroutine = digest;
	name.extra = length > 0xffff ? 0xffff : length;
	__builtin_memcpy(name.trace, bytes, 16);
	name.span = bytes[2];
	name.a = bytes[3];
	name.b = bytes[4];
	if (!output(ctx, &name))
		bpf_map_update_elem(&names, &digest, &known, BPF_ANY);
}

// (*batchSpanProcessor).enqueueDrop, at the branch on what the channel said: AL is 1 where the span was taken.
SEC("uprobe")
int enqueued(struct pt_regs *ctx)
{
	struct record record = new(ctx, (ctx->rax & 0xff) ? QUEUED : DROPPED);
	__u64 snapshot = word(ctx->rsp + config.drop_span);

	record.a = word(ctx->rsp + config.drop_bsp);
	if (config.spans)
		name(ctx, &record, snapshot);
	span(ctx, &record, snapshot + config.snap_context);
	return 0;
}

// (*batchSpanProcessor).enqueueBlockOnQueueFull; also the mark that a flush sends, which is no span.
SEC("uprobe")
int blocking(struct pt_regs *ctx)
{
	struct record record = new(ctx, BLOCKED);
	struct waiting waiting = {};
	__u64 goroutine = ctx->r14;

	record.a = ctx->rax;
	if (config.spans)
		name(ctx, &record, ctx->rsi);
	span(ctx, &record, ctx->rsi + config.snap_context);
	waiting.trace[0] = record.trace[0];
	waiting.trace[1] = record.trace[1];
	waiting.span = record.span;
	waiting.processor = ctx->rax;
	bpf_map_update_elem(&blocked, &goroutine, &waiting, BPF_ANY);
	return 0;
}

// The same, at the branch on which case of its select came: RAX is 0 where the span was taken.
SEC("uprobe")
int unblocked(struct pt_regs *ctx)
{
	struct record record = new(ctx, ctx->rax ? GIVEN_UP : QUEUED);
	__u64 goroutine = ctx->r14;
	struct waiting *waiting = bpf_map_lookup_elem(&blocked, &goroutine);
	struct counter *counter = counter_of(record.kind);

	if (!counter)
		return 0;
	counter->hit++;
	if (!waiting) {
		counter->fault++;
		return 0;
	}
	record.trace[0] = waiting->trace[0];
	record.trace[1] = waiting->trace[1];
	record.span = waiting->span;
	record.a = waiting->processor;
	bpf_map_delete_elem(&blocked, &goroutine);
	counter->ids ^= record.span;
	if (!config.spans)
		return 0;
	if (config.sample > 1 && (__u32)(record.trace[1] >> 32) % config.sample)
		counter->skipped++;
	else
		emit(ctx, &record, counter, record.span);
	return 0;
}

static __always_inline void look(struct record *record, __u64 processor)
{
	__u32 dropped = 0;

	record->a = processor;
	if (!processor)
		return;
	read(&dropped, sizeof(dropped), processor + config.bsp_dropped);
	record->dropped = dropped;
	record->queue = word(word(processor + config.bsp_queue) + config.qcount);
}

static __always_inline void say(void *ctx, struct record *record)
{
	struct counter *counter = counter_of(record->kind);

	if (!counter)
		return;
	counter->hit++;
	emit(ctx, record, counter, 0);
}

// (*batchSpanProcessor).exportSpans: once per batch, and once per schedule delay where there is none.
SEC("uprobe")
int exporting(struct pt_regs *ctx)
{
	struct record record = new(ctx, EXPORT);
	struct export export = { .processor = ctx->rax };
	__u64 goroutine = ctx->r14;

	look(&record, ctx->rax);
	bpf_map_update_elem(&exports, &goroutine, &export, BPF_ANY);
	say(ctx, &record);
	return 0;
}

struct walk {
	void *ctx;
	__u64 spans, goroutine;
	__u32 batch;
};

static long hand(__u32 index, void *data)
{
	struct walk *walk = data;
	struct record record = { .kind = HANDED, .goroutine = walk->goroutine };

	record.a = walk->batch;
	record.b = index;
	// An element is an interface: its second word points to the snapshot.
	span(walk->ctx, &record, word(walk->spans + 16 * (__u64)index + 8) + config.snap_context);
	return 0;
}

// An exporter's ExportSpans(ctx, spans). Exporters wrap each other: only the outermost call of a goroutine counts.
SEC("uprobe")
int handover(struct pt_regs *ctx)
{
	struct record record = new(ctx, HANDOVER);
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);
	__u32 zero = 0;
	__u64 *batch = bpf_map_lookup_elem(&batches, &zero);

	if (!batch)
		return 0;
	if (!export) {
		// A processor without a queue.
		struct export own = {};

		bpf_map_update_elem(&exports, &goroutine, &own, BPF_ANY);
		export = bpf_map_lookup_elem(&exports, &goroutine);
		if (!export)
			return 0;
	}
	if (export->depth++)
		return 0;
	export->batch = __sync_fetch_and_add(batch, 1) + 1;
	look(&record, export->processor);
	record.batch = export->batch;
	record.spans = ctx->rsi;
	say(ctx, &record);
	export->began = record.at;
	if (config.spans) {
		struct walk walk = {
			.ctx = ctx, .spans = ctx->rdi, .goroutine = record.goroutine, .batch = export->batch
		};

		bpf_loop(ctx->rsi & 0x7fffff, hand, &walk, 0);
	} else {
		struct counter *counter = counter_of(HANDED);

		if (counter)
			counter->hit += ctx->rsi;
	}
	return 0;
}

// An error in an interface: its dynamic type, and the string that a wrapped error begins with. Whether it is one is decided
// by its type's name, by the reader.
static __always_inline void error(struct pt_regs *ctx, struct record *record)
{
	struct record text = { .kind = TEXT, .goroutine = record->goroutine };
	__u64 from, length;
	int piece;

	if (!ctx->rax)
		return;
	from = word(ctx->rbx);
	length = word(ctx->rbx + 8);
	if (length > 240)
		length = 240;
	text.extra = length;
#pragma unroll
	for (piece = 0; piece < 6; piece++) {
		if (piece * 40 >= length)
			break;
		text.flags = piece;
		if (read(text.text, 24, from + piece * 40) || read(&text.a, 16, from + piece * 40 + 24))
			break;
		say(ctx, &text);
	}
}

// A return of an exporter's ExportSpans: its error is in RAX and RBX.
SEC("uprobe")
int exported(struct pt_regs *ctx)
{
	struct record record = new(ctx, EXPORTED);
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	if (!export || !export->depth)
		return 0;
	if (--export->depth)
		return 0;
	look(&record, export->processor);
	record.batch = export->batch;
	record.b = export->began;
	record.flags = ctx->rax != 0;
	record.type = ctx->rax;
	say(ctx, &record);
	error(ctx, &record);
	if (!export->processor)
		bpf_map_delete_elem(&exports, &goroutine);
	return 0;
}

// (*batchSpanProcessor).Shutdown.
SEC("uprobe")
int shutting(struct pt_regs *ctx)
{
	struct record record = new(ctx, SHUTDOWN);

	look(&record, ctx->rax);
	say(ctx, &record);
	return 0;
}

// Its return.
SEC("uprobe")
int shut(struct pt_regs *ctx)
{
	struct record record = new(ctx, SHUT);

	record.flags = ctx->rax != 0;
	record.type = ctx->rax;
	say(ctx, &record);
	error(ctx, &record);
	return 0;
}

// A return of (*batchSpanProcessor).drainQueue: the queue is empty, and its worker ends.
SEC("uprobe")
int drained(struct pt_regs *ctx)
{
	struct record record = new(ctx, DRAINED);
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	look(&record, export ? export->processor : 0);
	say(ctx, &record);
	return 0;
}

static __always_inline int count(__u32 kind)
{
	struct counter *counter = counter_of(kind);

	if (counter)
		counter->hit++;
	return 0;
}

// (*tracer).newSpan: every span, also one that is not recorded.
SEC("uprobe")
int created(struct pt_regs *ctx)
{
	return count(CREATED);
}

static __always_inline int moment(struct pt_regs *ctx, __u8 kind)
{
	struct record record = new(ctx, kind);

	say(ctx, &record);
	return 0;
}

// (*gcControllerState).startCycle: once in each garbage collection, at its beginning.
SEC("uprobe")
int gc_begin(struct pt_regs *ctx)
{
	return moment(ctx, GC_BEGIN);
}

// gcMarkTermination.
SEC("uprobe")
int gc_end(struct pt_regs *ctx)
{
	return moment(ctx, GC_END);
}

// stopTheWorldWithSema.
SEC("uprobe")
int stw_begin(struct pt_regs *ctx)
{
	return moment(ctx, STW_BEGIN);
}

// startTheWorldWithSema.
SEC("uprobe")
int stw_end(struct pt_regs *ctx)
{
	return moment(ctx, STW_END);
}

// A return of newproc1: the new goroutine is in RAX.
SEC("uprobe")
int goroutine(struct pt_regs *ctx)
{
	struct record record = new(ctx, GOROUTINE);

	record.a = word(ctx->rax + config.goid);
	say(ctx, &record);
	return 0;
}

// The next two sit where none should: on a first instruction, and on a return address. They only count.
SEC("uprobe")
int entry(struct pt_regs *ctx)
{
	return count(TRAP);
}

SEC("uretprobe")
int returned(struct pt_regs *ctx)
{
	return count(TRAP);
}
