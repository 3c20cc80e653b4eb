// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Programs that are hit once per span.
#pragma once

static __always_inline __u64 goroutine_of(struct pt_regs *ctx)
{
	return word(ctx->r14 + config.goid);
}

// The provider of a span.
static __always_inline __u64 provider_of(__u64 span)
{
	return word(word(span + config.span_tracer) + config.tracer_provider);
}

// The type of an interface value, once for each table: a process may be gone before its reader looks, and the program's file still
// has the name.
static __noinline int say_type(struct pt_regs *ctx, __u64 table)
{
	struct record *record;

	if (!table || bpf_map_lookup_elem(&names, &table))
		return 0;
	record = room(TYPED);
	if (!record)
		return 0;
	record->goroutine = table;
	// internal/abi.ITab: the interface, the type. internal/abi.Type: 40 bytes, and then where its name is, in 4.
	if (read(&record->a, 4, word(table + 8) + 40))
		drop(record);
	else if (give(ctx, record))
		bpf_map_update_elem(&names, &table, (const void *)&known, BPF_ANY);
	return 0;
}

// A span's name as a digest of its length and its first 40 bytes; 0 for none. The reader gets the bytes once; a name may lie on
// the heap, so nobody could read them later. `string` is the address of a string: where its bytes begin, and its length.
static __noinline __u64 named(struct pt_regs *ctx, __u64 string)
{
	__u64 from = word(string), length = word(string + 8);
	__u64 digest = length * 0x9e3779b97f4a7c15ull + 1;
	__u64 bytes[5] = {};
	struct record *record;
	int index;

	if (!length || read(bytes, at_most(length, sizeof(bytes)), from))
		return 0;
#pragma unroll
	for (index = 0; index < 5; index++)
		digest = (digest ^ bytes[index]) * 0xff51afd7ed558ccdull;
	// The low bits of a product know only low bits.
	digest ^= digest >> 32;
	bytes[0] = digest;
	if (bpf_map_lookup_elem(&names, &bytes[0]))
		return digest;
	record = room(NAME);
	if (!record)
		return digest;
	record->goroutine = digest;
	record->extra = length > 0xffff ? 0xffff : length;
	// The bytes of a string in Go do not change. They go on over `a` and `b`.
	if (read(record->text, at_most(length, sizeof(bytes)), from))
		drop(record);
	else if (give(ctx, record))
		bpf_map_update_elem(&names, &bytes[0], (const void *)&known, BPF_ANY);
	return digest;
}

// (*recordingSpan).runtimeTrace: every recording span passes it once, with its ids set.
SEC("uprobe")
int started(struct pt_regs *ctx)
{
	__u32 name = config.spans ? named(ctx, ctx->rax + config.span_name) : 0;
	struct record *record = say_span(STARTED, ctx->rax + config.span_context, 0);
	__u8 flags = 0;

	if (!record)
		return 0;
	read(&flags, sizeof(flags), ctx->rax + config.span_parent + config.flags);
	record->flags |= (flags & SAMPLED) ? PARENT_SAMPLED : 0;
	record->extra = (__u16)word(ctx->rax + config.span_kind);
	record->name = name;
	record->goroutine = goroutine_of(ctx);
	record->a = word(ctx->rax + config.span_parent + config.span_id);
	record->b = provider_of(ctx->rax);
	said_span(ctx, record);
	return 0;
}

// Most processors of a list that are told apart.
#define LIST 8

static __always_inline __u64 mixed(__u64 digest, __u64 value)
{
	digest = (digest ^ value) * 0xff51afd7ed558ccdull;
	return digest ^ (digest >> 32);
}

// An entry of a provider's list.
static __noinline int say_entry(struct pt_regs *ctx, __u64 provider, __u64 digest, __u64 index_count, __u64 entry)
{
	struct record *record;

	if (entry)
		say_type(ctx, word(entry));
	record = say(LISTED);
	if (!record)
		return 0;
	record->index = index_count >> 32;
	record->count = index_count;
	if (entry) {
		record->table = word(entry);
		record->receiver = word(entry + 8);
	}
	record->a = provider;
	record->b = digest;
	said(ctx, record, 0);
	return 0;
}

// Says what is in a provider's list of processors, and gives its digest: End calls each of them. The list may be another one
// a moment later, at the same address: what counts is what is in it.
static __noinline __u64 listed(struct pt_regs *ctx, __u64 provider)
{
	__u64 slice = word(provider + config.provider_list);
	__u64 first, count, digest;
	__u32 index;

	// A slice: address of its first element, length, capacity. An element points to an interface: its table and its receiver.
	if (!provider || read(&digest, sizeof(digest), slice + 8))
		return 0;
	count = digest;
	first = word(slice);
	digest = mixed(mixed(provider, 1), count);
	for (index = 0; index < LIST; index++) {
		if (index >= count)
			break;
		digest = mixed(digest, word(word(first + 8 * (__u64)index) + 8));
	}
	if (bpf_map_lookup_elem(&lists, &digest))
		return digest;
	bpf_map_update_elem(&lists, &digest, (const void *)&known, BPF_ANY);
	if (!count)
		say_entry(ctx, provider, digest, 0, 0);
	for (index = 0; index < LIST; index++) {
		if (index >= count)
			break;
		say_entry(ctx, provider, digest, (__u64)index << 32 | (__u32)count,
			  word(first + 8 * (__u64)index));
	}
	return digest;
}

// (*recordingSpan).End: also the second End of a span, which does nothing.
SEC("uprobe")
int ended(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14, provider = provider_of(ctx->rax), list = 0;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);
	struct record *record;

	// What a simple processor left behind that exported nothing.
	if (export && !export->depth)
		bpf_map_delete_elem(&exports, &goroutine);
	if (config.spans)
		list = listed(ctx, provider);
	record = say_span(ENDED, ctx->rax + config.span_context, 0);
	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	record->a = provider;
	record->b = list;
	said_span(ctx, record);
	return 0;
}

// How many words of a span of the program's own type are looked at, and how many types may be around each other.
#define WORDS 8
#define LAYERS 3

// The snapshot in an interface: a table, and what it is of. Processors may hand on spans of a type of their own; the interface is
// sealed, so that type holds a span of the SDK's, in an interface again. 0 where there is none in its first words.
static __noinline __u64 snapshot_of(__u64 table, __u64 data)
{
	// internal/abi.ITab: the interface, the type, the type's hash.
	__u64 of = word(table), inside;
	__u32 layer, at;

	if (!config.snapshot || (__u32)word(table + 16) == config.snapshot)
		return data;
	for (layer = 0; layer < LAYERS; layer++) {
		for (at = 0; at < WORDS; at++) {
			inside = word(data + 8 * at);
			if (inside && of && word(inside) == of)
				break;
		}
		if (at == WORDS)
			return 0;
		data = word(data + 8 * at + 8);
		if ((__u32)word(inside + 16) == config.snapshot)
			return data;
	}
	return 0;
}

// The address of a snapshot's SpanContext.
static __always_inline __u64 context_of(__u64 snapshot)
{
	return snapshot ? snapshot + config.snap_context : 0;
}

// (*batchSpanProcessor).OnEnd, with a snapshot in an interface.
SEC("uprobe")
int offered(struct pt_regs *ctx)
{
	struct record *record = say_span(OFFERED, context_of(snapshot_of(ctx->rbx, ctx->rcx)), 0);

	if (!record)
		return 0;
	if (!word(ctx->rax + config.bsp_e))
		record->flags |= NO_EXPORTER;
	record->goroutine = goroutine_of(ctx);
	record->a = ctx->rax;
	said_span(ctx, record);
	return 0;
}

// The export that a goroutine will be in next.
static __always_inline struct export *own(__u64 *goroutine, __u64 processor, __u32 simple)
{
	struct export *export;

	bpf_map_update_elem(&exports, goroutine, (const void *)&blank, BPF_ANY);
	export = bpf_map_lookup_elem(&exports, goroutine);
	if (export) {
		export->processor = processor;
		export->simple = simple;
	}
	return export;
}

// (*simpleSpanProcessor).OnEnd, with a snapshot in an interface. If it exports, then on this goroutine.
SEC("uprobe")
int simple(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14, name = 0, snapshot = snapshot_of(ctx->rbx, ctx->rcx);
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);
	__u8 nested = export && export->depth ? NESTED : 0;
	struct record *record;

	if (!nested)
		own(&goroutine, ctx->rax, 1);
	if (config.spans)
		name = named(ctx, snapshot + config.snap_name);
	record = say_span(SIMPLE, context_of(snapshot), 0);
	if (!record)
		return 0;
	record->flags |= nested;
	if (!word(ctx->rax + config.ssp_exporter))
		record->flags |= NO_EXPORTER;
	record->goroutine = goroutine_of(ctx);
	record->a = ctx->rax;
	record->b = name;
	said_span(ctx, record);
	return 0;
}

// A span in a snapshot, at a batch processor's queue.
static __noinline int queueing(struct pt_regs *ctx, __u32 kind, __u64 processor, __u64 snapshot, struct waiting *waiting)
{
	__u64 name = config.spans ? named(ctx, snapshot + config.snap_name) : 0;
	struct record *record = say_span(kind, context_of(snapshot), waiting);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	record->a = processor;
	record->b = name;
	said_span(ctx, record);
	return 0;
}

// (*batchSpanProcessor).enqueueDrop, at the branch on what the channel said: AL is 1 where the span was taken.
SEC("uprobe")
int enqueued(struct pt_regs *ctx)
{
	__u64 snapshot = word(ctx->rsp + config.drop_span);

	if (config.drop_table)
		snapshot = snapshot_of(word(ctx->rsp + config.drop_table), snapshot);
	queueing(ctx, (ctx->rax & 0xff) ? QUEUED : DROPPED, word(ctx->rsp + config.drop_bsp), snapshot, 0);
	return 0;
}

// (*batchSpanProcessor).enqueueBlockOnQueueFull; also the mark that a flush sends, which is no span.
SEC("uprobe")
int blocking(struct pt_regs *ctx)
{
	struct waiting span = {};
	__u64 goroutine = ctx->r14;

	queueing(ctx, BLOCKED, ctx->rax, snapshot_of(ctx->rdi, ctx->rsi), &span);
	span.processor = ctx->rax;
	bpf_map_update_elem(&blocked, &goroutine, &span, BPF_ANY);
	return 0;
}

// The same, at the branch on which case of its select came: RAX is 0 where the span was taken.
SEC("uprobe")
int unblocked(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14;
	struct waiting *span = bpf_map_lookup_elem(&blocked, &goroutine);
	__u8 kind = ctx->rax ? GIVEN_UP : QUEUED;
	struct counter *counter = counter_of(kind);
	struct record *record;

	if (!counter)
		return 0;
	add(&counter->hit, 1);
	if (!span) {
		add(&counter->fault, 1);
		return 0;
	}
	record = wanted(counter, kind, span);
	if (record) {
		record->goroutine = goroutine_of(ctx);
		record->a = span->processor;
		said_span(ctx, record);
	}
	bpf_map_delete_elem(&blocked, &goroutine);
	return 0;
}
