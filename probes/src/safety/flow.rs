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
enum Base {
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
struct Value {
    base: Base,
    /// Bytes behind the base.
    at: i64,
    /// No other program has the memory that it points to. So also of a number.
    private: bool,
    /// The places of memory it was made of.
    made_of: BTreeSet<(Base, i64)>,
}

impl Value {
    fn new(base: Base) -> Self {
        Self { base, at: 0, private: false, made_of: BTreeSet::new() }
    }

    fn number(at: usize) -> Self {
        Self { private: true, ..Self::new(Base::Made(at)) }
    }
}

/// All that is known before an instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    registers: Vec<Value>,
    stack: BTreeMap<i64, Value>,
}

/// What was found of a function.
pub(super) struct Flow {
    /// Bytes on the stack; `None` where that is not known.
    pub(super) stack: Option<u32>,
    /// Instructions that update memory of others in several steps.
    pub(super) updates: BTreeSet<usize>,
    /// What the function gives back.
    back: Option<Value>,
}

impl Flow {
    /// Follows a function.
    pub(super) fn of(code: &BpfCode, function: &BpfFunction) -> Self {
        Self::within(code, function, 0)
    }

    /// `depth`: how many functions are being followed already. The kernel allows eight.
    fn within(code: &BpfCode, function: &BpfFunction, depth: usize) -> Self {
        let mut walk = Walk {
            code,
            function,
            depth,
            out: Self { stack: Some(0), updates: BTreeSet::new(), back: None },
            calls: BTreeMap::new(),
        };
        let mut arguments: Vec<Value> =
            (0..REGISTERS).map(|register| Value::new(Base::Argument(register))).collect();
        arguments[FRAME] = Value { private: true, ..Value::new(Base::Stack) };
        let mut before: BTreeMap<usize, Known> = BTreeMap::new();
        before.insert(0, Known { registers: arguments, stack: BTreeMap::new() });
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
fn join(at: usize, one: &Known, other: &Known) -> Known {
    let both = |place: i64, one: &Value, other: &Value| {
        let same = (one.base, one.at) == (other.base, other.at);
        let (base, bytes) = if same { (one.base, one.at) } else { (Base::Joined(at, place), 0) };
        Value {
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
    Known {
        registers: registers.map(|((one, other), place)| both(place, one, other)).collect(),
        stack: stack.collect(),
    }
}

/// A function being followed.
struct Walk<'a> {
    code: &'a BpfCode,
    function: &'a BpfFunction,
    depth: usize,
    out: Flow,
    /// What calls of the object's own functions give back.
    calls: BTreeMap<usize, Option<Value>>,
}

impl Walk<'_> {
    fn run(&mut self, at: usize, instruction: &Instruction, known: &mut Known) {
        let (to, from) = (usize::from(instruction.to), usize::from(instruction.from));
        match instruction.code & 7 {
            class::LOAD_CONSTANT => {
                let base = instruction.symbol.map_or(Base::Made(at), Base::Map);
                known.registers[to] = Value { private: instruction.symbol.is_none(), ..Value::new(base) };
            }
            class::LOAD => known.registers[to] = self.load(at, instruction, known),
            class::STORE_NUMBER => self.store(at, instruction, &Value::number(at), known),
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
                    Some(other) => Value {
                        base: if other.base == back.base { back.base } else { Base::Made(at) },
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

    fn load(&mut self, at: usize, instruction: &Instruction, known: &Known) -> Value {
        let pointer = &known.registers[usize::from(instruction.from)];
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == Base::Stack {
            self.reach(place);
            return known.stack.get(&place).cloned().unwrap_or_else(|| Value::new(Base::Made(at)));
        }
        let made_of = BTreeSet::from([(pointer.base, place)]);
        Value { made_of, ..Value::new(Base::Made(at)) }
    }

    fn store(&mut self, at: usize, instruction: &Instruction, value: &Value, known: &mut Known) {
        let pointer = &known.registers[usize::from(instruction.to)];
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == Base::Stack {
            self.reach(place);
            known.stack.insert(place, value.clone());
        } else if !pointer.private && value.made_of.contains(&(pointer.base, place)) {
            self.out.updates.insert(at);
        }
    }

    fn atomic(&mut self, at: usize, instruction: &Instruction, known: &mut Known) {
        let pointer = known.registers[usize::from(instruction.to)].clone();
        let place = pointer.at + i64::from(instruction.offset);
        if pointer.base == Base::Stack {
            self.reach(place);
            known.stack.remove(&place);
        }
        if instruction.number & FETCHES != 0 {
            let compares = instruction.number & COMPARES == COMPARES;
            let got = if compares { 0 } else { usize::from(instruction.from) };
            let made_of = BTreeSet::from([(pointer.base, place)]);
            known.registers[got] = Value { made_of, ..Value::new(Base::Made(at)) };
        }
    }

    fn arithmetic(&mut self, at: usize, instruction: &Instruction, known: &Known) -> Value {
        let own = &known.registers[usize::from(instruction.to)];
        let is_64 = instruction.code & 7 == class::ARITHMETIC_64;
        let by_register = instruction.code & BY_REGISTER != 0;
        let other = by_register.then(|| &known.registers[usize::from(instruction.from)]);
        match (instruction.code & 0xf0, other) {
            (MOVE, Some(other)) if is_64 => other.clone(),
            (MOVE, None) => Value::number(at),
            (ADD, None) if is_64 => {
                let moved = Value { at: own.at + i64::from(instruction.number), ..own.clone() };
                if moved.base == Base::Stack {
                    self.reach(moved.at);
                }
                moved
            }
            _ => {
                // An address on the stack that is reckoned with is known no more.
                if own.base == Base::Stack || other.is_some_and(|other| other.base == Base::Stack) {
                    self.out.stack = None;
                }
                let mut made_of = other.map_or_else(BTreeSet::new, |other| other.made_of.clone());
                if instruction.code & 0xf0 != MOVE {
                    made_of.extend(own.made_of.iter().copied());
                }
                Value { made_of, ..Value::new(Base::Made(at)) }
            }
        }
    }

    fn call(&mut self, at: usize, instruction: &Instruction, known: &mut Known) {
        let back = if instruction.from == OWN {
            self.own_call(at)
        } else {
            let map = known.registers[1].base;
            let name =
                |symbol| self.code.name(&Instruction { symbol: Some(symbol), ..Instruction::default() });
            match (instruction.number, map) {
                (LOOKUP, Base::Map(symbol)) => {
                    Value { private: name(symbol) == Some(OF_THREAD), ..Value::new(map) }
                }
                (RESERVE, _) => Value::number(at),
                _ => Value::new(Base::Made(at)),
            }
        };
        // What it was given an address of it may write to.
        for register in 1..=5 {
            let Value { base, at, .. } = known.registers[register];
            if base == Base::Stack {
                known.stack.retain(|place, _| *place < at);
            }
            known.registers[register] = Value::new(Base::Joined(usize::MAX, register as i64));
        }
        known.registers[0] = back;
    }

    /// What a function of the object gives back.
    fn own_call(&mut self, at: usize) -> Value {
        let (code, function, depth) = (self.code, self.function, self.depth);
        let found = self.calls.entry(at).or_insert_with(|| {
            let callee = code.callee(function, at).filter(|_| depth < 8)?;
            Flow::within(code, callee, depth + 1).back
        });
        match found {
            Some(Value { base: base @ Base::Map(_), at, private, .. }) => {
                Value { at: *at, private: *private, ..Value::new(*base) }
            }
            Some(Value { private, .. }) => Value { private: *private, ..Value::new(Base::Made(at)) },
            None => Value::new(Base::Made(at)),
        }
    }
}

/// Whether it is a number that an instruction holds.
fn is_null(value: &Value) -> bool {
    value.private && value.made_of.is_empty() && matches!(value.base, Base::Made(_))
}
