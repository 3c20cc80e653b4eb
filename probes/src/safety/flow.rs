//! What flows through a function of an object: where its pointers point, and what its values were made of.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{BpfCode, BpfFunction, Instruction, after};

/// Registers: ten, and the one that points behind the stack.
const REGISTERS: usize = 11;
/// The register that points behind the stack.
const FRAME: usize = 10;

/// Classes of instructions.
mod class {
    pub(super) const LOAD_CONSTANT: u8 = 0;
    pub(super) const LOAD: u8 = 1;
    pub(super) const STORE_NUMBER: u8 = 2;
    pub(super) const STORE: u8 = 3;
    pub(super) const ARITHMETIC_32: u8 = 4;
    pub(super) const JUMP: u8 = 5;
    pub(super) const JUMP_32: u8 = 6;
    pub(super) const ARITHMETIC_64: u8 = 7;
}

/// Codes of instructions.
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const ALWAYS: u8 = 0x05;
/// `+=` and `=`, in the high half of an arithmetic instruction's code.
const ADD: u8 = 0x00;
const MOVE: u8 = 0xb0;
/// The bit that says that the other operand is a register.
const BY_REGISTER: u8 = 0x08;
/// The high three bits of a store that is atomic.
const ATOMIC: u8 = 0xc0;
/// Bits of an atomic instruction's number: it fetches, and it compares.
const FETCHES: i32 = 1;
const COMPARES: i32 = 0xf0;
/// Of a call: of a function of the object itself.
const OWN: u8 = 1;

/// Helpers of the kernel that give memory.
const LOOKUP: i32 = 1;
const RESERVE: i32 = 131;
/// The map whose values belong to a thread, which runs one program at a time.
const OF_THREAD: &str = "scratch";

/// What a pointer is reckoned from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum FlowBase {
    /// The end of the stack.
    Stack,
    /// Any value of the map of this symbol.
    Map(usize),
    /// What an instruction made.
    Made(usize),
    /// What came together before an instruction, in a register or a place on the stack.
    Joined(usize, i64),
    /// An argument.
    Argument(usize),
}

/// What a register or a place on the stack holds.
#[derive(Clone, PartialEq, Eq, Debug)]
struct FlowValue {
    base: FlowBase,
    /// Bytes behind the base.
    at: i64,
    /// No other program has the memory that it points to. So also of a number.
    private: bool,
    /// The places of memory it was made of.
    made_of: BTreeSet<(FlowBase, i64)>,
}

impl FlowValue {
    fn new(base: FlowBase) -> Self {
        Self { base, at: 0, private: false, made_of: BTreeSet::new() }
    }

    fn number(at: usize) -> Self {
        Self { private: true, ..Self::new(FlowBase::Made(at)) }
    }
}

/// All that is known before an instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
struct FlowState {
    registers: Vec<FlowValue>,
    stack: BTreeMap<i64, FlowValue>,
}

/// What was found of a function.
pub(super) struct Flow {
    /// Bytes on the stack; `None` where that is not known.
    pub(super) stack: Option<u32>,
    /// Instructions that update memory of others in several steps.
    pub(super) updates: BTreeSet<usize>,
    /// What the function gives back.
    back: Option<FlowValue>,
}

impl Flow {
    /// Follows a function.
    pub(super) fn of(code: &BpfCode, function: &BpfFunction) -> Self {
        Self::within(code, function, 0)
    }

    /// `depth`: how many functions are being followed already. The kernel allows eight.
    fn within(code: &BpfCode, function: &BpfFunction, depth: usize) -> Self {
        let mut walk = FlowWalk {
            code,
            function,
            depth,
            out: Self { stack: Some(0), updates: BTreeSet::new(), back: None },
            calls: BTreeMap::new(),
        };
        let mut arguments: Vec<FlowValue> =
            (0..REGISTERS).map(|register| FlowValue::new(FlowBase::Argument(register))).collect();
        arguments[FRAME] = FlowValue { private: true, ..FlowValue::new(FlowBase::Stack) };
        let mut before: BTreeMap<usize, FlowState> = BTreeMap::new();
        before.insert(0, FlowState { registers: arguments, stack: BTreeMap::new() });
        let mut open = BTreeSet::from([0]);
        while let Some(at) = open.pop_first() {
            let Some(instruction) = function.code.get(at) else { continue };
            let mut known = before[&at].clone();
            walk.run(at, instruction, &mut known);
            for next in successors(at, instruction) {
                let joined = match before.get(&next) {
                    None => known.clone(),
                    Some(other) => join(next, other, &known),
                };
                if before.get(&next) != Some(&joined) {
                    before.insert(next, joined);
                    open.insert(next);
                }
            }
        }
        walk.out
    }
}

/// Where the function goes on behind an instruction.
fn successors(at: usize, instruction: &Instruction) -> Vec<usize> {
    let class = instruction.code & 7;
    let straight = at + if class == class::LOAD_CONSTANT { 2 } else { 1 };
    let is_jump = matches!(class, class::JUMP | class::JUMP_32) && instruction.code != CALL;
    match instruction.code {
        EXIT => Vec::new(),
        ALWAYS => after(at, instruction.offset.into()).into_iter().collect(),
        _ if is_jump => after(at, instruction.offset.into()).into_iter().chain([straight]).collect(),
        _ => vec![straight],
    }
}

/// What is known where two ways meet.
fn join(at: usize, one: &FlowState, other: &FlowState) -> FlowState {
    let both = |place: i64, one: &FlowValue, other: &FlowValue| {
        let same = (one.base, one.at) == (other.base, other.at);
        let (base, bytes) = if same { (one.base, one.at) } else { (FlowBase::Joined(at, place), 0) };
        FlowValue {
            base,
            at: bytes,
            private: one.private && other.private,
            made_of: one.made_of.union(&other.made_of).copied().collect(),
        }
    };
    let registers = one.registers.iter().zip(&other.registers).zip(0..);
    let stack = one
        .stack
        .iter()
        .filter_map(|(place, value)| Some((*place, both(*place, value, other.stack.get(place)?))));
    FlowState {
        registers: registers.map(|((one, other), place)| both(place, one, other)).collect(),
        stack: stack.collect(),
    }
}

/// A function being followed.
struct FlowWalk<'a> {
    code: &'a BpfCode,
    function: &'a BpfFunction,
    depth: usize,
    out: Flow,
    /// What calls of the object's own functions give back.
    calls: BTreeMap<usize, Option<FlowValue>>,
}

impl FlowWalk<'_> {
    fn run(&mut self, at: usize, instruction: &Instruction, known: &mut FlowState) {
        let (to, from) = (usize::from(instruction.to), usize::from(instruction.from));
        match instruction.code & 7 {
            class::LOAD_CONSTANT => {
                let base = instruction.symbol.map_or(FlowBase::Made(at), FlowBase::Map);
                known.registers[to] =
                    FlowValue { private: instruction.symbol.is_none(), ..FlowValue::new(base) };
            }
            class::LOAD => known.registers[to] = self.load(at, instruction, known),
            class::STORE_NUMBER => self.store(at, instruction, &FlowValue::number(at), known),
            class::STORE if instruction.code & 0xe0 == ATOMIC => self.atomic(at, instruction, known),
            class::STORE => self.store(at, instruction, &known.registers[from].clone(), known),
            class::ARITHMETIC_32 | class::ARITHMETIC_64 => {
                known.registers[to] = self.arithmetic(at, instruction, known);
            }
            _ if instruction.code == CALL => self.call(at, instruction, known),
            _ if instruction.code == EXIT => {
                let back = known.registers[0].clone();
                self.out.back = Some(match self.out.back.take() {
                    // A null pointer points to nothing.
                    Some(other) if is_null(&other) => back,
                    Some(other) if is_null(&back) => other,
                    Some(other) => FlowValue {
                        base: if other.base == back.base { back.base } else { FlowBase::Made(at) },
                        private: other.private && back.private,
                        ..back
                    },
                    None => back,
                });
            }
            _ => {}
        }
    }

    /// Notes that an address on the stack is used.
    fn reach(&mut self, at: i64) {
        let bytes = u32::try_from(-at).unwrap_or_default();
        self.out.stack = self.out.stack.map(|most| most.max(bytes));
    }

    fn load(&mut self, at: usize, instruction: &Instruction, known: &FlowState) -> FlowValue {
        let pointer = &known.registers[usize::from(instruction.from)];
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == FlowBase::Stack {
            self.reach(place);
            return known.stack.get(&place).cloned().unwrap_or_else(|| FlowValue::new(FlowBase::Made(at)));
        }
        let made_of = BTreeSet::from([(pointer.base, place)]);
        FlowValue { made_of, ..FlowValue::new(FlowBase::Made(at)) }
    }

    fn store(&mut self, at: usize, instruction: &Instruction, value: &FlowValue, known: &mut FlowState) {
        let pointer = &known.registers[usize::from(instruction.to)];
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == FlowBase::Stack {
            self.reach(place);
            known.stack.insert(place, value.clone());
        } else if !pointer.private && value.made_of.contains(&(pointer.base, place)) {
            self.out.updates.insert(at);
        }
    }

    fn atomic(&mut self, at: usize, instruction: &Instruction, known: &mut FlowState) {
        let pointer = known.registers[usize::from(instruction.to)].clone();
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == FlowBase::Stack {
            self.reach(place);
            known.stack.remove(&place);
        }
        if instruction.number & FETCHES != 0 {
            let compares = instruction.number & COMPARES == COMPARES;
            let got = if compares { 0 } else { usize::from(instruction.from) };
            let made_of = BTreeSet::from([(pointer.base, place)]);
            known.registers[got] = FlowValue { made_of, ..FlowValue::new(FlowBase::Made(at)) };
        }
    }

    fn arithmetic(&mut self, at: usize, instruction: &Instruction, known: &FlowState) -> FlowValue {
        let own = &known.registers[usize::from(instruction.to)];
        let is_64 = instruction.code & 7 == class::ARITHMETIC_64;
        let by_register = instruction.code & BY_REGISTER != 0;
        let other = by_register.then(|| &known.registers[usize::from(instruction.from)]);
        match (instruction.code & 0xf0, other) {
            (MOVE, Some(other)) if is_64 => other.clone(),
            (MOVE, None) => FlowValue::number(at),
            (ADD, None) if is_64 => {
                let moved = FlowValue { at: own.at + i64::from(instruction.number), ..own.clone() };
                if moved.base == FlowBase::Stack {
                    self.reach(moved.at);
                }
                moved
            }
            _ => {
                // An address on the stack that is reckoned with is known no more.
                if own.base == FlowBase::Stack || other.is_some_and(|other| other.base == FlowBase::Stack) {
                    self.out.stack = None;
                }
                let mut made_of = other.map_or_else(BTreeSet::new, |other| other.made_of.clone());
                if instruction.code & 0xf0 != MOVE {
                    made_of.extend(own.made_of.iter().copied());
                }
                FlowValue { made_of, ..FlowValue::new(FlowBase::Made(at)) }
            }
        }
    }

    fn call(&mut self, at: usize, instruction: &Instruction, known: &mut FlowState) {
        let back = if instruction.from == OWN {
            self.own_call(at)
        } else {
            let map = known.registers[1].base;
            let name =
                |symbol| self.code.name(&Instruction { symbol: Some(symbol), ..Instruction::default() });
            match (instruction.number, map) {
                (LOOKUP, FlowBase::Map(symbol)) => {
                    FlowValue { private: name(symbol) == Some(OF_THREAD), ..FlowValue::new(map) }
                }
                (RESERVE, _) => FlowValue::number(at),
                _ => FlowValue::new(FlowBase::Made(at)),
            }
        };
        // What it was given an address of it may write to.
        for register in 1..=5 {
            let FlowValue { base, at, .. } = known.registers[register];
            if base == FlowBase::Stack {
                known.stack.retain(|place, _| *place < at);
            }
            known.registers[register] = FlowValue::new(FlowBase::Joined(usize::MAX, register as i64));
        }
        known.registers[0] = back;
    }

    /// What a function of the object gives back.
    fn own_call(&mut self, at: usize) -> FlowValue {
        let (code, function, depth) = (self.code, self.function, self.depth);
        let found = self.calls.entry(at).or_insert_with(|| {
            let callee = code.callee(function, at).filter(|_| depth < 8)?;
            Flow::within(code, callee, depth + 1).back
        });
        match found {
            Some(FlowValue { base: base @ FlowBase::Map(_), at, private, .. }) => {
                FlowValue { at: *at, private: *private, ..FlowValue::new(*base) }
            }
            Some(FlowValue { private, .. }) => {
                FlowValue { private: *private, ..FlowValue::new(FlowBase::Made(at)) }
            }
            None => FlowValue::new(FlowBase::Made(at)),
        }
    }
}

/// Whether it is a number that an instruction holds.
fn is_null(value: &FlowValue) -> bool {
    value.private && value.made_of.is_empty() && matches!(value.base, FlowBase::Made(_))
}
