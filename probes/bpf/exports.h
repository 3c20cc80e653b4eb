// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Programs that are hit once per batch, and at the end of a batch processor.
#pragma once

// What a batch processor's counter and queue say now.
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

static __always_inline void look_of(struct record *record, struct export *export)
{
	if (export->simple) {
		record->a = export->processor;
		record->flags |= OF_SIMPLE;
	} else {
		look(record, export->processor);
	}
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
	look_of(&record, export);
	record.batch = export->batch;
	record.spans = ctx->rsi;
	// Which exporter it is: the function, and of the SDK's own the client, an interface at its beginning.
	record.b = ctx->rip;
	record.type = word(ctx->rax);
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
	look_of(&record, export);
	record.batch = export->batch;
	record.b = export->began;
	record.flags |= ctx->rax != 0;
	record.type = ctx->rax;
	say(ctx, &record);
	error(ctx, &record);
	if (!export->processor || export->simple)
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

// (*simpleSpanProcessor).Shutdown.
SEC("uprobe")
int shutting_simple(struct pt_regs *ctx)
{
	struct record record = new(ctx, SHUTDOWN);

	record.a = ctx->rax;
	record.flags = OF_SIMPLE;
	say(ctx, &record);
	return 0;
}

// (*TracerProvider).Shutdown: its processors are shut down one after the other, and then it has none.
SEC("uprobe")
int closing(struct pt_regs *ctx)
{
	struct record record = new(ctx, CLOSING);

	record.a = ctx->rax;
	say(ctx, &record);
	return 0;
}

// A return of (*batchSpanProcessor).Shutdown.
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
