//! Where in a Go function's machine code a probe may be placed. Pure over bytes; x86-64 and Go's register convention.
//!
//! Never the entry: Go's prologue compares the stack pointer with the stack's limit, and after `morestack` the function
//! starts again at its first instruction, so a probe there counts some calls twice, mostly around garbage collections. The
//! instruction after that check runs once per call, with the arguments still in their registers.

use std::collections::BTreeSet;

use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

pub use iced_x86::Register;
pub use sends::{ChannelSend, channel_sends};

mod sends;

/// How many instructions a stack check has at most, and one more.
const CHECK: usize = 8;
/// `stackguard0` and `stackguard1` in `runtime.g`: the second is for functions that run on the system's stack.
const GUARDS: [u64; 2] = [0x10, 0x18];

/// The address of the instruction after the prologue's stack check, mostly `push rbp`; the entry itself if the function
/// has no check. `None` if the shape is not known: the code does not decode, or something jumps back to the entry although
/// no check was seen, so that the entry may run more than once per call.
pub fn body(code: &[u8], entry: u64) -> Option<u64> {
    let head: Vec<Instruction> = instructions(code, entry).take(CHECK).collect();
    if let Some((end, slow_path)) = stack_check(&head) {
        let inside = |address: u64| address.checked_sub(entry).is_some_and(|at| at < code.len() as u64);
        return (inside(end) && inside(slow_path)).then_some(end);
    }
    let decodes = !head.is_empty() && !head.iter().any(Instruction::is_invalid);
    let again = || instructions(code, entry).any(|instruction| target(&instruction) == Some(entry));
    (decodes && !again()).then_some(entry)
}

/// The addresses of all return instructions, in order. The code is decoded from front to back: bytes in it that are no
/// instructions could hide one or look like one, but Go puts none there.
pub fn returns(code: &[u8], entry: u64) -> Vec<u64> {
    instructions(code, entry)
        .filter(|instruction| instruction.mnemonic() == Mnemonic::Ret)
        .map(|instruction| instruction.ip())
        .collect()
}

/// The address of the first conditional jump that judges what a direct call of `callee` returned: between the two there
/// is nothing but tests of flags and no-ops, so the result is still in its registers.
pub fn branch_after_call(code: &[u8], entry: u64, callee: u64) -> Option<u64> {
    let mut judging = false;
    for instruction in instructions(code, entry) {
        if instruction.code() == Code::Call_rel32_64 {
            judging = instruction.near_branch_target() == callee;
        } else if judging && is_conditional_jump(&instruction) {
            return Some(instruction.ip());
        } else {
            judging &= matches!(instruction.mnemonic(), Mnemonic::Test | Mnemonic::Cmp | Mnemonic::Nop);
        }
    }
    None
}

/// Where the function saves an argument register: the displacement in bytes from RSP, as RSP is once the frame is set up.
/// Only what every call runs counts: the search ends at the first jump, call or target of a jump, and at anything
/// that writes, or might write, to the register or to RSP.
pub fn spill(code: &[u8], entry: u64, register: Register) -> Option<i32> {
    let body = body(code, entry)?;
    let targets: BTreeSet<u64> =
        instructions(code, entry).filter_map(|instruction| target(&instruction)).collect();
    let start = usize::try_from(body.checked_sub(entry)?).ok()?;
    let frame = instructions(code.get(start..)?, body).skip_while(is_frame);
    for instruction in frame {
        if targets.contains(&instruction.ip()) {
            return None;
        }
        if is_store(&instruction, register) {
            return Some(instruction.memory_displacement64() as i64)
                .and_then(|disp| i32::try_from(disp).ok());
        }
        if !keeps(&instruction, register) {
            return None;
        }
    }
    None
}

fn instructions(code: &[u8], entry: u64) -> impl Iterator<Item = Instruction> {
    Decoder::with_ip(64, code, entry, DecoderOptions::NONE).into_iter()
}

/// Recognises the stack check that the linker's assembler makes: where it ends, and where its slow path is.
fn stack_check(head: &[Instruction]) -> Option<(u64, u64)> {
    let mut rest = head;
    // R14 is the goroutine; assembly functions first load it from thread-local storage, at a place that is in the
    // instruction, or in a constant before it.
    let mut goroutine = Register::R14;
    while let [first, after @ ..] = rest
        && loads_goroutine(first)
    {
        (goroutine, rest) = (first.op0_register(), after);
    }
    let mut compared = Register::RSP;
    if let [lea, after @ ..] = rest
        && lea.mnemonic() == Mnemonic::Lea
        && lea.memory_base() == Register::RSP
    {
        (compared, rest) = (lea.op0_register(), after);
    } else if let [mov, sub, carry, after @ ..] = rest
        // A frame so large that the subtraction may wrap: that is checked as well.
        && mov.mnemonic() == Mnemonic::Mov
        && mov.op1_register() == Register::RSP
        && sub.mnemonic() == Mnemonic::Sub
        && sub.op0_register() == mov.op0_register()
        && carry.mnemonic() == Mnemonic::Jb
    {
        (compared, rest) = (mov.op0_register(), after);
    }
    let [compare, jump, ..] = rest else { return None };
    let is_check = compare.mnemonic() == Mnemonic::Cmp
        && compare.op0_register() == compared
        && compare.memory_base() == goroutine
        && GUARDS.contains(&compare.memory_displacement64())
        && matches!(jump.mnemonic(), Mnemonic::Jbe | Mnemonic::Jb);
    is_check.then_some((jump.next_ip(), jump.near_branch_target()))
}

fn loads_goroutine(instruction: &Instruction) -> bool {
    let constant =
        instruction.is_ip_rel_memory_operand() || instruction.op1_kind() == OpKind::Immediate32to64;
    instruction.mnemonic() == Mnemonic::Mov
        && [Register::R14, Register::RCX].contains(&instruction.op0_register())
        && (constant || instruction.segment_prefix() == Register::FS)
}

/// Where a direct jump goes.
fn target(instruction: &Instruction) -> Option<u64> {
    let jumps = instruction.mnemonic() == Mnemonic::Jmp || is_conditional_jump(instruction);
    (jumps && instruction.op0_kind() == OpKind::NearBranch64).then(|| instruction.near_branch_target())
}

fn is_conditional_jump(instruction: &Instruction) -> bool {
    use Mnemonic::{Ja, Jae, Jb, Jbe, Je, Jg, Jge, Jl, Jle, Jne, Jno, Jnp, Jns, Jo, Jp, Js};
    matches!(
        instruction.mnemonic(),
        Ja | Jae | Jb | Jbe | Je | Jg | Jge | Jl | Jle | Jne | Jno | Jnp | Jns | Jo | Jp | Js
    )
}

/// `push rbp`, `mov rbp,rsp`, and `sub rsp,…` or `add rsp,-128`, which is shorter than its counterpart.
fn is_frame(instruction: &Instruction) -> bool {
    match instruction.mnemonic() {
        Mnemonic::Push => instruction.op0_register() == Register::RBP,
        Mnemonic::Mov => {
            instruction.op0_register() == Register::RBP && instruction.op1_register() == Register::RSP
        }
        Mnemonic::Sub | Mnemonic::Add => instruction.op0_register() == Register::RSP,
        _ => false,
    }
}

fn is_store(instruction: &Instruction, register: Register) -> bool {
    instruction.mnemonic() == Mnemonic::Mov
        && instruction.op0_kind() == OpKind::Memory
        && instruction.memory_base() == Register::RSP
        && instruction.memory_index() == Register::None
        && instruction.op1_register() == register
}

/// Whether an instruction surely leaves the register, RSP and the flow alone: it is one of those that write to their
/// first operand at most, and that is another one.
fn keeps(instruction: &Instruction, register: Register) -> bool {
    use Mnemonic::{
        Add, And, Cmp, Cvtsi2sd, Dec, Inc, Lea, Mov, Movaps, Movd, Movdqu, Movq, Movsx, Movsxd, Movups,
        Movzx, Neg, Nop, Not, Or, Pxor, Sar, Shl, Shr, Sub, Test, Xor, Xorps,
    };
    let known = matches!(
        instruction.mnemonic(),
        Add | And
            | Cmp
            | Cvtsi2sd
            | Dec
            | Inc
            | Lea
            | Mov
            | Movaps
            | Movd
            | Movdqu
            | Movq
            | Movsx
            | Movsxd
            | Movups
            | Movzx
            | Neg
            | Nop
            | Not
            | Or
            | Pxor
            | Sar
            | Shl
            | Shr
            | Sub
            | Test
            | Xor
            | Xorps
    );
    let written =
        if instruction.op0_kind() == OpKind::Register { general(instruction.op0_register()) } else { None };
    let only_read = matches!(instruction.mnemonic(), Cmp | Test | Nop);
    known && (only_read || written.is_none_or(|number| ![general(register), Some(4)].contains(&Some(number))))
}

/// A general register's number, 0 to 15, whatever part of it is named; 4 is RSP.
fn general(register: Register) -> Option<u32> {
    let number = register as u32;
    let first = |register: Register| register as u32;
    match register {
        // AH to BH are parts of RAX to RBX, and stand between BL and SPL.
        Register::AL | Register::CL | Register::DL | Register::BL => Some(number - first(Register::AL)),
        Register::AH | Register::CH | Register::DH | Register::BH => Some(number - first(Register::AH)),
        _ if (first(Register::SPL)..=first(Register::R15L)).contains(&number) => {
            Some(number - first(Register::SPL) + 4)
        }
        _ if (first(Register::AX)..=first(Register::R15)).contains(&number) => {
            Some((number - first(Register::AX)) % 16)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: u64 = 0x7d_fa20;
    /// The start of `(*batchSpanProcessor).enqueueDrop`, with a check for a large frame, up to its first call.
    const ENQUEUE: &[u8] = b"\x4c\x8d\x64\x24\xa0\x4d\x3b\x66\x10\x0f\x86\x3f\0\0\0\x55\x48\x89\xe5\x48\x81\xec\xd8\0\0\0\
        \x48\x89\x84\x24\xe8\0\0\0\x48\x89\x9c\x24\xf0\0\0\0\x48\x89\x8c\x24\xf8\0\0\0\x48\x89\xb4\x24\x08\x01\0\0\
        \x48\x89\xbc\x24\0\x01\0\0\x48\x8b\x8f\x80\0\0\0\x48\x89\xf0\xff\xd1\xc3";
    /// Its call of `selectnbsend`, which is 0x3c2f74 before the code, then test al,al; jne; ret; ret.
    const OUTCOME: &[u8] = b"\xe8\x8f\xd0\xc3\xff\x84\xc0\x75\x01\xc3\xc3";

    #[test]
    fn the_body_begins_after_every_shape_of_check() {
        for (name, code, at) in [
            ("small frame", &b"\x49\x3b\x66\x10\x76\x02\x55\xc3\xeb\xf6"[..], Some(6)),
            ("large frame", ENQUEUE, Some(15)),
            // runtime.stopTheWorldWithSema, on the system's stack.
            ("second guard", b"\x4c\x8d\x64\x24\xe8\x4d\x3b\x66\x18\x0f\x86\x01\0\0\0\x55\xc3", Some(15)),
            (
                "huge frame",
                b"\x49\x89\xe4\x49\x81\xec\xe0\xff\x01\0\x72\x07\x4d\x3b\x66\x10\x76\x01\x55\xc3",
                Some(18),
            ),
            ("assembly", b"\x64\x48\x8b\x0c\x25\xf8\xff\xff\xff\x48\x3b\x61\x10\x76\x01\x55\xc3", Some(15)),
            (
                "assembly, position independent",
                b"\x49\xc7\xc6\xf8\xff\xff\xff\x64\x4d\x8b\x36\x49\x3b\x66\x10\x76\x01\x55\xc3",
                Some(17),
            ),
            ("no check", b"\x48\x8b\x40\x08\xc3\xcc\xcc", Some(0)),
            ("a loop at the entry", b"\x48\xff\xc8\x75\xfb\xc3", None),
            ("a slow path outside", b"\x49\x3b\x66\x10\x76\x70\x55\xc3", None),
            ("no code", b"", None),
            ("no instruction", b"\x06\x06", None),
            ("cut short", b"\x49\x3b\x66", None),
        ] {
            assert_eq!(body(code, ENTRY), at.map(|at: u64| ENTRY + at), "{name}");
        }
    }

    #[test]
    fn the_slot_of_an_argument_is_found_if_every_call_fills_it() {
        for (register, slot) in [
            (Register::RAX, Some(0xe8)),
            (Register::RBX, Some(0xf0)),
            (Register::RSI, Some(0x108)),
            (Register::RDI, Some(0x100)),
            (Register::R8, None),
            (Register::ESI, None),
        ] {
            assert_eq!(spill(ENQUEUE, ENTRY, register), slot, "{register:?}");
        }
        for (name, code) in [
            ("after a jump", &b"\x55\x74\x05\x48\x89\x44\x24\x08\xc3"[..]),
            ("after a call", b"\x55\xe8\0\x01\0\0\x48\x89\x44\x24\x08\xc3"),
            ("at the target of a jump", b"\x90\x48\x89\x44\x24\x08\xeb\xf9"),
            ("written to", b"\x55\x31\xc0\x48\x89\x44\x24\x08\xc3"),
            ("written to in part", b"\x55\xb4\x01\x48\x89\x44\x24\x08\xc3"),
            ("perhaps written to", b"\x55\x48\xf7\xe3\x48\x89\x44\x24\x08\xc3"),
            ("with the stack moved", b"\x90\x48\x83\xec\x08\x48\x89\x44\x24\x08\xc3"),
        ] {
            assert_eq!(spill(code, ENTRY, Register::RAX), None, "{name}");
        }
        assert_eq!(spill(b"\x55\xb9\x01\0\0\0\x48\x89\x44\x24\x08\xc3", ENTRY, Register::RAX), Some(8));
    }

    #[test]
    fn the_branch_is_the_one_that_judges_the_call() {
        let callee = (ENTRY + 5).wrapping_sub(0x3c_2f71);
        assert_eq!(branch_after_call(OUTCOME, ENTRY, callee), Some(ENTRY + 7));
        assert_eq!(branch_after_call(OUTCOME, ENTRY, callee + 1), None);
        assert_eq!(returns(OUTCOME, ENTRY), [ENTRY + 9, ENTRY + 10]);
        // Another call, or an instruction that may change the result, comes between.
        let twice = [OUTCOME[..5].to_vec(), b"\xe8\0\0\0\0".to_vec(), OUTCOME[5..].to_vec()].concat();
        assert_eq!(branch_after_call(&twice, ENTRY, callee), None);
        let changed = [OUTCOME[..5].to_vec(), b"\x31\xc0".to_vec(), OUTCOME[5..].to_vec()].concat();
        assert_eq!(branch_after_call(&changed, ENTRY, callee), None);
    }
}
