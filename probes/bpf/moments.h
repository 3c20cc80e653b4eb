// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
// Programs of the runtime, and those that only count.
#pragma once

static __always_inline int count(__u32 kind)
{
	struct counter *counter = counter_of(kind);

	if (counter)
		add(&counter->hit, 1);
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
	struct record *record = say(kind);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	said(ctx, record, 0);
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
	struct record *record = say(GOROUTINE);

	if (!record)
		return 0;
	record->goroutine = goroutine_of(ctx);
	record->a = word(ctx->rax + config.goid);
	said(ctx, record, 0);
	return 0;
}

// goexit1, on the goroutine that ends.
SEC("uprobe")
int gone(struct pt_regs *ctx)
{
	return moment(ctx, GONE);
}

// A return of the OnEnd of a span processor that is not the SDK's.
SEC("uprobe")
int passed(struct pt_regs *ctx)
{
	return moment(ctx, PASSED);
}

// Behind the stack check of the function that a trap sits on: how often it is really called.
SEC("uprobe")
int called(struct pt_regs *ctx)
{
	return count(CALLS);
}

// The next ones sit where none should: on a first instruction, on a return address. They only count.
SEC("uprobe")
int entry(struct pt_regs *ctx)
{
	return count(TRAP);
}

// An fentry program can only be put on a function that the kernel's own type information knows; a Go function is none.
SEC("fentry/target")
int on_entry(void *ctx)
{
	return count(TRAP);
}

SEC("uretprobe")
int returned(struct pt_regs *ctx)
{
	return count(TRAP);
}
