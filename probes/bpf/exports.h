// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Programs that are hit once per batch, and at the end of a batch processor.
#pragma once

// What a batch processor's counter and queue say now.
static __always_inline void look(struct record *record, __u64 processor)
{
	record->a = processor;
	if (!processor)
		return;
	read(&record->dropped, sizeof(record->dropped), processor + config.bsp_dropped);
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

// What a batch processor is set to, once: a process may be gone before its reader looks.
static __noinline int settings(struct pt_regs *ctx, __u64 processor)
{
	__u64 options = processor + config.bsp_o;
	struct record *record;
	__u8 block = 0;

	if (bpf_map_lookup_elem(&names, &processor))
		return 0;
	record = room(SETTINGS);
	if (!record)
		return 0;
	read(&block, sizeof(block), options + config.opt_block);
	record->flags = !!block | !word(processor + config.bsp_e) << 1;
	record->batch = word(options + config.opt_max_queue);
	record->spans = word(options + config.opt_max_batch);
	// It lies over `dropped` and `queue`.
	record->trace[1] = word(options + config.opt_batch_timeout);
	record->type = word(options + config.opt_export_timeout);
	record->a = processor;
	if (give(ctx, record))
		bpf_map_update_elem(&names, &processor, (const void *)&known, BPF_ANY);
	return 0;
}

// (*batchSpanProcessor).exportSpans: once per batch, and once per schedule delay where there is none.
SEC("uprobe")
int exporting(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14;
	struct record *record;

	own(&goroutine, ctx->rax, 0);
	settings(ctx, ctx->rax);
	record = say(EXPORT);
	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	look(record, ctx->rax);
	said(ctx, record, 0);
	return 0;
}

struct walk {
	struct pt_regs *ctx;
	// The kind of the records is in the upper half of the other.
	__u64 goroutine, kind_batch;
};

static long hand(__u32 index, void *data)
{
	struct walk *walk = data;
	// An element is an interface.
	__u64 element = walk->ctx->rdi + 16 * (__u64)index;
	__u64 snapshot = snapshot_of(word(element), word(element + 8));
	struct record *record = say_span(walk->kind_batch >> 32, context_of(snapshot), 0);

	if (!record)
		return 0;
	record->goroutine = walk->goroutine;
	record->a = (__u32)walk->kind_batch;
	record->b = index;
	said_span(walk->ctx, record);
	return 0;
}

// Counts each span of a batch, and says it where that is wanted. The kernel may put the loop in place of its call, which takes 24
// bytes more of this frame.
static __noinline int hand_over(struct pt_regs *ctx, __u32 kind, __u32 batch)
{
	struct walk walk = { .ctx = ctx, .kind_batch = (__u64)kind << 32 | batch };
	struct counter *counter;

	if (config.spans) {
		walk.goroutine = goroutine_of(ctx);
		return bpf_loop(ctx->rsi & 0x7fffff, hand, &walk, 0);
	}
	counter = counter_of(kind);
	if (counter)
		add(&counter->hit, ctx->rsi);
	return 0;
}

// The number of a call, for this process.
static __noinline __u32 next_batch(void)
{
	__u32 zero = 0;
	__u64 *batch = bpf_map_lookup_elem(&batches, &zero);

	return batch ? __sync_fetch_and_add(batch, 1) + 1 : 0;
}

// The export that a goroutine is in, which is one deeper now.
static __noinline struct export *deeper(__u64 goroutine)
{
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	// Without an entry: a processor without a queue.
	return export ? export : own(&goroutine, 0, 0);
}

// The outermost call of a goroutine: exporters may be around each other.
static __noinline int handing(struct pt_regs *ctx, struct export *export)
{
	struct record *record;

	export->batch = next_batch();
	record = say(HANDOVER);
	export->began = record ? record->at : bpf_ktime_get_ns();
	if (record) {
		look_of(record, export);
		record->goroutine = goroutine_of(ctx);
		record->batch = export->batch;
		record->spans = ctx->rsi;
		// Which exporter it is: the function, and of the SDK's own the client, an interface at its beginning.
		record->b = ctx->rip;
		record->type = word(ctx->rax);
		said(ctx, record, 0);
	}
	return hand_over(ctx, HANDED, export->batch);
}

// An exporter's ExportSpans(ctx, spans).
SEC("uprobe")
int handover(struct pt_regs *ctx)
{
	struct export *export = deeper(ctx->r14);

	if (export && !__sync_fetch_and_add(&export->depth, 1))
		handing(ctx, export);
	return 0;
}

// Bytes of an endpoint that are read in a piece, most pieces of it, and the longest one that is believed.
#define ENDPOINT_PIECE 40
#define ENDPOINT_PIECES 3
#define ENDPOINT_BYTES 400

// A string whose head is at an address. `place`: where in the client it was; the reader knows which one counts.
static __noinline int say_endpoint(struct pt_regs *ctx, __u64 exporter, __u64 head, __u64 place)
{
	__u64 from = word(head), length = word(head + 8);
	struct record *record;
	__u32 piece;

	if (!from || !length || length > ENDPOINT_BYTES)
		return 0;
	for (piece = 0; piece < ENDPOINT_PIECES && piece * ENDPOINT_PIECE < length; piece++) {
		record = room(ENDPOINT);
		if (!record)
			return 0;
		if (read(record->text, at_most(length - piece * ENDPOINT_PIECE, ENDPOINT_PIECE), from + piece * ENDPOINT_PIECE)) {
			drop(record);
			return 0;
		}
		record->goroutine = exporter;
		record->extra = length;
		record->flags = place * 8 + piece;
		give(ctx, record);
	}
	return 0;
}

// One of several words that a function reads: each for itself would take room on its stack.
static __noinline __u64 word_at(__u64 from)
{
	return word(from);
}

// Where the SDK's OTLP exporter sends to, once. An HTTP client has its endpoint behind its name; a gRPC client has a connection, in
// one of two places, which begins with its context and what cancels it, and then its target.
static __noinline int endpoints(struct pt_regs *ctx)
{
	__u64 exporter = ctx->rax, client = word_at(exporter + 8);
	__u64 sum = exporter + 3 * client + 5 * word_at(client + 16) + 7 * word_at(client + 96) + 11 * word_at(client + 104);

	if (bpf_map_lookup_elem(&names, &sum))
		return 0;
	say_endpoint(ctx, exporter, client + 16, 1);
	say_endpoint(ctx, exporter, word_at(client + 96) + 24, 2);
	say_endpoint(ctx, exporter, word_at(client + 104) + 24, 3);
	bpf_map_update_elem(&names, &sum, (const void *)&known, BPF_ANY);
	return 0;
}

// The same of the SDK's OTLP exporter, which sends what it is given, whoever is around it.
SEC("uprobe")
int sending(struct pt_regs *ctx)
{
	struct export *export = deeper(ctx->r14);
	struct record *record;
	__u32 outermost;

	if (!export)
		return 0;
	endpoints(ctx);
	say_type(ctx, word(ctx->rax));
	outermost = !__sync_fetch_and_add(&export->depth, 1);
	if (outermost)
		handing(ctx, export);
	export->inner = outermost ? export->batch : next_batch();
	record = say(SENDING);
	if (record) {
		record->goroutine = goroutine_of(ctx);
		record->flags = export->simple ? OF_SIMPLE : 0;
		record->batch = export->inner;
		record->spans = ctx->rsi;
		// The number of the outermost.
		record->dropped = export->batch;
		record->type = word(ctx->rax);
		record->a = export->processor;
		record->b = ctx->rax;
		said(ctx, record, 0);
	}
	if (!outermost)
		hand_over(ctx, SENT, export->inner);
	return 0;
}

// Bytes of an error that are read, and of a piece of it.
#define TEXT_BYTES 280
#define PIECE 40
// Of a joined error its parts: most that are read, and in what number of a piece which part it is. A piece of this number is the
// table of a part, and not its text.
#define PARTS 8
#define OF_PART 8
#define TABLE 7

// A piece of an error's text, which lies at `from`; whether it could be read. `piece`: its number, and that of the part.
static __noinline int say_piece(struct pt_regs *ctx, __u64 from, __u64 length, __u64 piece)
{
	__u64 before = (piece & TABLE) == TABLE ? 0 : (piece & TABLE) * PIECE;
	struct counter *counter = counter_of(TEXT);
	struct record *record;

	if (!counter)
		return 0;
	record = counted(counter, TEXT, 0);
	if (record) {
		// It goes on over `a` and `b`.
		if (read(record->text, at_most(length - before, PIECE), from + before)) {
			drop(record);
			return 0;
		}
		record->goroutine = goroutine_of(ctx);
		record->extra = length;
		record->flags = piece;
		said(ctx, record, 0);
	}
	add(&counter->hit, 1);
	return 1;
}

// The string whose head is at an address.
static __noinline int say_string(struct pt_regs *ctx, __u64 head, __u64 part)
{
	__u64 from = word(head), length = word(head + 8);
	__u32 piece;

	if (length > TEXT_BYTES)
		length = TEXT_BYTES;
	for (piece = 0; piece < TEXT_BYTES / PIECE; piece++)
		if (piece * PIECE >= length || !say_piece(ctx, from, length, piece + part * OF_PART))
			break;
	return 0;
}

// The parts of an error that begins with a list of errors, as a joined one does.
static __noinline int say_parts(struct pt_regs *ctx, __u64 list)
{
	__u64 part, from = word(list), length = word(list + 8), capacity = word(list + 16);

	if (length > PARTS || capacity < length || capacity > 4 * PARTS)
		return 0;
	for (part = 0; part < PARTS && part < length; part++) {
		say_type(ctx, word(from + 16 * part));
		if (!say_piece(ctx, from + 16 * part, 8, TABLE + (part + 1) * OF_PART))
			break;
		say_string(ctx, word(from + 16 * part + 8), part + 1);
	}
	return 0;
}

// An error in an interface: the string that a wrapped error begins with, and the parts of a joined one. Which of them it is, is
// decided by its type's name, by the reader.
static __noinline int error(struct pt_regs *ctx)
{
	if (!ctx->rax)
		return 0;
	say_type(ctx, ctx->rax);
	say_string(ctx, ctx->rbx, 0);
	return say_parts(ctx, ctx->rbx);
}

// The outermost call of a goroutine returns: its error is in RAX and RBX. Without an export its begin was not seen: it has the number 0,
// and may be the return of an exporter within another.
static __noinline int came_back(struct pt_regs *ctx, struct export *export)
{
	struct record *record = say(EXPORTED);

	if (record) {
		if (export) {
			look_of(record, export);
			record->batch = export->batch;
			record->b = export->began;
		}
		record->goroutine = goroutine_of(ctx);
		record->flags |= ctx->rax != 0;
		record->type = ctx->rax;
		said(ctx, record, 0);
	}
	error(ctx);
	return export && (!export->processor || export->simple);
}

// A return from a call that began before the probes were there. Where every span is followed there is none, or nobody asks.
static __always_inline int came_unseen(struct pt_regs *ctx)
{
	if (!config.spans)
		came_back(ctx, 0);
	return 0;
}

// A return of an exporter's ExportSpans.
SEC("uprobe")
int exported(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);

	if (!export)
		return came_unseen(ctx);
	if (!export->depth || __sync_fetch_and_sub(&export->depth, 1) != 1)
		return 0;
	if (came_back(ctx, export))
		bpf_map_delete_elem(&exports, &goroutine);
	return 0;
}

// The same of the SDK's OTLP exporter.
SEC("uprobe")
int sent(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);
	struct record *record;

	if (!export)
		return came_unseen(ctx);
	if (!export->depth)
		return 0;
	if (__sync_fetch_and_sub(&export->depth, 1) == 1) {
		if (came_back(ctx, export))
			bpf_map_delete_elem(&exports, &goroutine);
		return 0;
	}
	record = say(RETURNED);
	if (record) {
		record->goroutine = goroutine_of(ctx);
		record->flags = (export->simple ? OF_SIMPLE : 0) | (ctx->rax != 0);
		record->batch = export->inner;
		record->dropped = export->batch;
		record->type = ctx->rax;
		record->a = export->processor;
		said(ctx, record, 0);
	}
	error(ctx);
	return 0;
}

// (*batchSpanProcessor).Shutdown.
SEC("uprobe")
int shutting(struct pt_regs *ctx)
{
	struct record *record = say(SHUTDOWN);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	look(record, ctx->rax);
	said(ctx, record, 0);
	return 0;
}

static __always_inline int told_to_end(struct pt_regs *ctx, __u8 kind, __u8 flags)
{
	struct record *record = say(kind);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	record->a = ctx->rax;
	record->flags = flags;
	said(ctx, record, 0);
	return 0;
}

// (*simpleSpanProcessor).Shutdown.
SEC("uprobe")
int shutting_simple(struct pt_regs *ctx)
{
	return told_to_end(ctx, SHUTDOWN, OF_SIMPLE);
}

// (*TracerProvider).Shutdown: its processors are shut down one after the other, and then it has none.
SEC("uprobe")
int closing(struct pt_regs *ctx)
{
	return told_to_end(ctx, CLOSING, 0);
}

// A return of (*TracerProvider).Shutdown, on the goroutine that called it.
SEC("uprobe")
int closed(struct pt_regs *ctx)
{
	struct record *record = say(CLOSED);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	record->a = ctx->rax != 0;
	said(ctx, record, 0);
	return 0;
}

// A return of (*batchSpanProcessor).Shutdown.
SEC("uprobe")
int shut(struct pt_regs *ctx)
{
	struct record *record = say(SHUT);

	if (record) {
		record->goroutine = goroutine_of(ctx);
		record->flags = ctx->rax != 0;
		record->type = ctx->rax;
		said(ctx, record, 0);
	}
	error(ctx);
	return 0;
}

// A return of (*batchSpanProcessor).drainQueue: the queue is empty, and its worker ends.
SEC("uprobe")
int drained(struct pt_regs *ctx)
{
	__u64 goroutine = ctx->r14;
	struct export *export = bpf_map_lookup_elem(&exports, &goroutine);
	struct record *record = say(DRAINED);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	look(record, export ? export->processor : 0);
	said(ctx, record, 0);
	// Another one may get its address.
	if (export)
		bpf_map_delete_elem(&names, &export->processor);
	return 0;
}
