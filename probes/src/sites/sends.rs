//! Sends on channels: where the machine code keeps the two values that a send is about while it asks the channel. It is found
//! by following registers and stack slots along straight code, so a copy of a function inside another is as good as itself.

use std::collections::BTreeSet;

use iced_x86::{Code, Instruction, Mnemonic, OpKind, Register};

use super::{general, instructions, is_conditional_jump, keeps, target};

/// General registers.
const REGISTERS: usize = 16;
const RAX: usize = 0;
const RBX: usize = 3;

/// A call that sends on a channel that is a field of a struct. Slots are displacements in bytes from RSP, as RSP is at the branch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelSend {
    /// The address of the call.
    pub call: u64,
    /// The address of the first conditional jump that judges what the call returned.
    pub branch: u64,
    /// The slot that holds the pointer to the struct.
    pub holder: i32,
    /// The slot where the value that is sent begins.
    pub value: i32,
}

/// What a register holds.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum HeldValue {
    #[default]
    Unknown,
    /// The same as a slot.
    Slot(i32),
    /// The address of a slot.
    AddressOf(i32),
    /// The field, of the struct that a slot points to.
    FieldOf(i32),
}

/// All calls of `callee`, whose first argument is the channel and whose second is the address of the value, where the channel
/// is read from the byte `field` of a struct, and where the slots of both are sure.
pub fn channel_sends(code: &[u8], entry: u64, callee: u64, field: u32) -> Vec<ChannelSend> {
    let targets: BTreeSet<u64> =
        instructions(code, entry).filter_map(|instruction| target(&instruction)).collect();
    let mut held = [HeldValue::Unknown; REGISTERS];
    let mut sent: Option<ChannelSend> = None;
    let mut out = Vec::new();
    for instruction in instructions(code, entry) {
        if targets.contains(&instruction.ip()) {
            (held, sent) = ([HeldValue::Unknown; REGISTERS], None);
        }
        if instruction.code() == Code::Call_rel32_64 {
            let known = match (held[RAX], held[RBX]) {
                (HeldValue::FieldOf(holder), HeldValue::AddressOf(value)) => Some((holder, value)),
                _ => None,
            };
            let (call, branch) = (instruction.ip(), 0);
            sent = known
                .filter(|_| instruction.near_branch_target() == callee)
                .map(|(holder, value)| ChannelSend { call, branch, holder, value });
            held = [HeldValue::Unknown; REGISTERS];
            continue;
        }
        if is_conditional_jump(&instruction) {
            // On the way straight on registers stay what they are.
            out.extend(sent.take().map(|send| ChannelSend { branch: instruction.ip(), ..send }));
            continue;
        }
        if !matches!(instruction.mnemonic(), Mnemonic::Test | Mnemonic::Cmp | Mnemonic::Nop) {
            sent = None;
        }
        follow(&instruction, field, &mut held);
    }
    out
}

/// Changes what registers hold as an instruction does.
fn follow(instruction: &Instruction, field: u32, held: &mut [HeldValue; REGISTERS]) {
    let whole = |register: Register| number(register).filter(|_| is_whole(register));
    let on_stack = instruction.memory_base() == Register::RSP && instruction.memory_index() == Register::None;
    let slot = on_stack.then(|| i32::try_from(instruction.memory_displacement64() as i64).ok()).flatten();
    let (to, from) = (whole(instruction.op0_register()), whole(instruction.op1_register()));
    match (instruction.mnemonic(), instruction.op0_kind(), instruction.op1_kind()) {
        (_, OpKind::Memory, _) if !matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test) => {
            if !stores(instruction) {
                *held = [HeldValue::Unknown; REGISTERS];
            } else if let Some(slot) = slot {
                forget(held, slot, width(instruction));
                if let (Mnemonic::Mov, Some(from)) = (instruction.mnemonic(), from) {
                    held[from] = HeldValue::Slot(slot);
                }
            } else if on_stack {
                *held = [HeldValue::Unknown; REGISTERS];
            }
        }
        (Mnemonic::Mov, OpKind::Register, OpKind::Memory) if to.is_some() => {
            let base = number(instruction.memory_base()).map(|base| held[base]);
            let is_field = instruction.memory_displacement64() == u64::from(field)
                && instruction.memory_index() == Register::None;
            let read = match (slot, base) {
                (Some(slot), _) => HeldValue::Slot(slot),
                (None, Some(HeldValue::Slot(slot))) if is_field => HeldValue::FieldOf(slot),
                _ => HeldValue::Unknown,
            };
            set(held, to, read);
        }
        (Mnemonic::Mov, OpKind::Register, OpKind::Register) if to.is_some() => {
            set(held, to, from.map_or(HeldValue::Unknown, |from| held[from]));
        }
        (Mnemonic::Lea, OpKind::Register, _) if to.is_some() => {
            set(held, to, slot.map_or(HeldValue::Unknown, HeldValue::AddressOf));
        }
        _ if !keeps(instruction, Register::RSP) => *held = [HeldValue::Unknown; REGISTERS],
        (Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Nop, ..) => {}
        (_, OpKind::Register, _) => set(held, number(instruction.op0_register()), HeldValue::Unknown),
        _ => {}
    }
}

fn set(held: &mut [HeldValue; REGISTERS], register: Option<usize>, to: HeldValue) {
    if let Some(register) = register {
        held[register] = to;
    }
}

/// Whether an instruction that has memory as its first operand writes to that at most.
fn stores(instruction: &Instruction) -> bool {
    keeps(instruction, Register::RSP)
}

/// All 64 bits of a register.
fn is_whole(register: Register) -> bool {
    (Register::RAX as u32..=Register::R15 as u32).contains(&(register as u32))
}

/// How many bytes a store writes at most.
fn width(instruction: &Instruction) -> i64 {
    use Mnemonic::{Movaps, Movdqu, Movups};
    if matches!(instruction.mnemonic(), Movaps | Movdqu | Movups) { 16 } else { 8 }
}

/// A slot is written to: what was known by it is known no more.
fn forget(held: &mut [HeldValue; REGISTERS], from: i32, bytes: i64) {
    let (from, to) = (i64::from(from), i64::from(from) + bytes);
    for known in held {
        if let HeldValue::Slot(slot) | HeldValue::FieldOf(slot) = *known
            && i64::from(slot) < to
            && from < i64::from(slot) + 8
        {
            *known = HeldValue::Unknown;
        }
    }
}

fn number(register: Register) -> Option<usize> {
    general(register).and_then(|number| usize::try_from(number).ok()).filter(|number| *number < REGISTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: u64 = 0x99_a4fd;
    /// As in `enqueue` with a copy of `enqueueDrop` in it: the processor is in slot 0xe8, its channel at 0x38, the value in 0x88.
    const SEND: &[&[u8]] = &[
        b"\x48\x8b\x8c\x24\xe8\0\0\0",
        b"\x48\x8b\x41\x38",
        b"\x48\x8b\x8c\x24\xf0\0\0\0",
        b"\x48\x89\x8c\x24\x88\0\0\0",
        b"\x48\x8d\x9c\x24\x88\0\0\0",
        b"\xe8\xca\x46\xa8\xff",
        b"\x84\xc0",
        b"\x75\x01",
        b"\xc3\xc3",
    ];

    fn code(change: impl Fn(&mut Vec<&'static [u8]>)) -> Vec<u8> {
        let mut parts = SEND.to_vec();
        change(&mut parts);
        parts.concat()
    }

    fn found(code: &[u8]) -> Vec<(u64, i32, i32)> {
        let call = code.windows(5).position(|bytes| bytes == SEND[5]).unwrap() as u64;
        let callee = (ENTRY + call + 5).wrapping_sub(0x57_b936);
        let sends = channel_sends(code, ENTRY, callee, 0x38);
        assert!(sends.iter().all(|send| send.call == ENTRY + call));
        sends.iter().map(|send| (send.branch - ENTRY - call, send.holder, send.value)).collect()
    }

    #[test]
    fn slots_are_found_by_following_registers_along_straight_code() {
        assert_eq!(found(&code(|_| {})), [(7, 0xe8, 0x88)]);
        // Kept in a register since it was saved.
        assert_eq!(found(&code(|parts| parts[0] = b"\x48\x89\x8c\x24\xe8\0\0\0")), [(7, 0xe8, 0x88)]);
        // Through another register, and past a branch.
        assert_eq!(
            found(&code(|parts| parts.insert(1, b"\x48\x89\xca\x48\x89\xd1\x75\x32"))),
            [(7, 0xe8, 0x88)]
        );
    }

    #[test]
    fn what_is_not_sure_is_not_found() {
        for (name, at, part) in [
            ("another field", 1, &b"\x48\x8b\x41\x40"[..]),
            ("half of the register", 0, b"\x8b\x8c\x24\xe8\0\0\0"),
            ("a value on the heap", 4, b"\x48\x89\xfb"),
            ("the slot is written to", 3, b"\x48\x89\x8c\x24\xe8\0\0\0"),
            ("a part of the slot is written to", 3, b"\x0f\x11\x8c\x24\xe0\0\0\0"),
            ("the channel is changed", 2, b"\x48\xff\xc0"),
            ("the channel is changed by an instruction that is not known", 2, b"\x48\x0f\xc8"),
            ("a call comes between", 2, b"\xe8\0\0\0\0"),
            ("the stack pointer moves", 2, b"\x48\x83\xec\x08"),
            ("the result is changed", 6, b"\x31\xc0"),
        ] {
            assert_eq!(found(&code(|parts| parts[at] = part)), [], "{name}");
        }
        // A jump from elsewhere leads into the middle.
        assert_eq!(found(&code(|parts| *parts.last_mut().unwrap() = b"\xeb\xed")), [], "a target");
        assert_eq!(channel_sends(&[], ENTRY, 0, 0), []);
    }
}
