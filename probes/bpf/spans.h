// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Programs that are hit once per span.
#pragma once

static __always_inline struct record new(struct pt_regs *ctx, __u8 kind)
{
	struct record record = { .kind = kind };

	record.goroutine = word(ctx->r14 + config.goid);
	return record;
}

// The provider of a span.
static __always_inline __u64 provider_of(__u64 span)
{
	return word(word(span + config.span_tracer) + config.tracer_provider);
}

// (*recordingSpan).runtimeTrace: every recording span passes it once, with its ids set.
SEC("uprobe")
int started(struct pt_regs *ctx)
{
	struct record record = new(ctx, STARTED);
	__u8 flags = 0;

	record.extra = (__u16)word(ctx->rax + config.span_kind);
	record.a = word(ctx->rax + config.span_parent + config.span_id);
	record.b = provider_of(ctx->rax);
	read(&flags, sizeof(flags), ctx->rax + config.span_parent + config.flags);
	record.flags = (flags & 1) ? PARENT_SAMPLED : 0;
	span(ctx, &record, ctx->rax + config.span_context);
	return 0;
}

// Most processors of a list that are told apart.
#define LIST 8

static __always_inline __u64 mixed(__u64 digest, __u64 value)
{
	digest = (digest ^ value) * 0xff51afd7ed558ccdull;
	return digest ^ (digest >> 32);
}

// An entry of a provider's list: an interface, its table and its receiver.
static __always_inline void entry_of(__u64 first, int index, __u64 *entry)
{
	entry[0] = entry[1] = 0;
	read(entry, 16, word(first + 8 * (__u64)index));
}

// Says what is in a provider's list of processors, and gives its digest: End calls each of them. The list may be another one
// a moment later, at the same address: what counts is what is in it.
static __always_inline __u64 listed(struct pt_regs *ctx, __u64 provider)
{
	struct record record = { .kind = LISTED };
	// A slice: address of its first element, length, capacity.
	__u64 slice[2] = {}, entry[2];
	__u64 digest = mixed(provider, 1);
	__u8 known = 1;
	int index;

	if (!provider || read(slice, sizeof(slice), word(provider + config.provider_list)))
		return 0;
	digest = mixed(digest, slice[1]);
#pragma unroll
	for (index = 0; index < LIST; index++) {
		if (index >= slice[1])
			break;
		entry_of(slice[0], index, entry);
		digest = mixed(digest, entry[1]);
	}
	if (bpf_map_lookup_elem(&lists, &digest))
		return digest;
	bpf_map_update_elem(&lists, &digest, &known, BPF_ANY);
	record.a = provider;
	record.b = digest;
	record.count = slice[1];
	if (!slice[1])
		say(ctx, &record);
#pragma unroll
	for (index = 0; index < LIST; index++) {
		if (index >= slice[1])
			break;
		entry_of(slice[0], index, entry);
		record.index = index;
		record.table = entry[0];
		record.receiver = entry[1];
		say(ctx, &record);
	}
	return digest;
}

// (*recordingSpan).End: also the second End of a span, which does nothing.
SEC("uprobe")
int ended(struct pt_regs *ctx)
{
	struct record record = new(ctx, ENDED);
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	// What a simple processor left behind that exported nothing.
	if (export && !export->depth)
		bpf_map_delete_elem(&exports, &goroutine);
	record.a = provider_of(ctx->rax);
	if (config.spans)
		record.b = listed(ctx, record.a);
	span(ctx, &record, ctx->rax + config.span_context);
	return 0;
}

// (*batchSpanProcessor).OnEnd, with a snapshot in an interface.
SEC("uprobe")
int offered(struct pt_regs *ctx)
{
	struct record record = new(ctx, OFFERED);

	if (!word(ctx->rax + config.bsp_e))
		record.flags |= NO_EXPORTER;
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

// (*simpleSpanProcessor).OnEnd, with a snapshot in an interface. If it exports, then on this goroutine.
SEC("uprobe")
int simple(struct pt_regs *ctx)
{
	struct record record = new(ctx, SIMPLE);
	struct export own = { .processor = ctx->rax, .simple = 1 };
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	if (export && export->depth)
		record.flags |= NESTED;
	else
		bpf_map_update_elem(&exports, &goroutine, &own, BPF_ANY);
	if (!word(ctx->rax + config.ssp_exporter))
		record.flags |= NO_EXPORTER;
	record.a = ctx->rax;
	if (config.spans)
		name(ctx, &record, ctx->rcx);
	span(ctx, &record, ctx->rcx + config.snap_context);
	return 0;
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
