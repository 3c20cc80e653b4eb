// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// What the kernel sees of spans in a Go process (x86-64). Every program sits on an instruction that the loader has looked up
// in the binary: behind a function's stack check, at a return, or at a branch. None sits on a function's first instruction
// (the runtime runs that again when a stack grows), and none is a uretprobe (it changes a return address that the runtime
// reads), but for the traps in moments.h, which show just that. Arguments lie in the registers of Go's calling convention: RAX, RBX, RCX, RDI, RSI, R8 ...; the goroutine in R14.
//
// A uprobe's program can be preempted by another one on its CPU, also by itself (Linux 6.0 and later, on kernels with preemption),
// and Linux 6.13 and later give functions with 64 bytes or more on the stack a stack of the CPU, which the two then share: that
// breaks both, and may take the kernel along. So (docs/adr/015-probes-and-preemption.md; a test decodes the object and holds
// the first two):
// - no function has more than 48 bytes on the stack, which the kernel rounds up to 48; records are written where they are sent from;
// - what is counted is changed by atomic instructions;
// - nothing else is kept by CPU: scratch memory is of a thread, which runs one program at a time.
//
// The object is committed beside this file; `probes/bpf/build` makes it again, byte for byte, with clang 14.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#include "record.h"
#include "spans.h"
#include "exports.h"
#include "moments.h"
