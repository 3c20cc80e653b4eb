//! Sequences of instructions with and without a mistake, and objects with one.

use std::collections::BTreeMap;

use super::code::{BpfFunction, BpfSymbol, Instruction};
use super::*;
use crate::object::OBJECT;

const LOOKUP: i32 = 1;
const RESERVE: i32 = 131;
/// Maps, as symbols.
const COUNTERS: usize = 1;
const SCRATCH: usize = 2;

fn op(code: u8, to: u8, from: u8, offset: i16, number: i32) -> Instruction {
    Instruction { code, to, from, offset, number, symbol: None }
}

fn copy(to: u8, from: u8) -> Instruction {
    op(0xbf, to, from, 0, 0)
}

fn add(to: u8, number: i32) -> Instruction {
    op(0x07, to, 0, 0, number)
}

fn add_register(to: u8, from: u8) -> Instruction {
    op(0x0f, to, from, 0, 0)
}

fn load(to: u8, from: u8, offset: i16) -> Instruction {
    op(0x79, to, from, offset, 0)
}

fn store(to: u8, offset: i16, from: u8) -> Instruction {
    op(0x7b, to, from, offset, 0)
}

/// `number`: 0 to add, 1 to fetch and add, 0xf1 to compare and exchange.
fn atomic(to: u8, offset: i16, from: u8, number: i32) -> Instruction {
    op(0xdb, to, from, offset, number)
}

fn call(helper: i32) -> Instruction {
    op(0x85, 0, 0, 0, helper)
}

fn exit() -> Instruction {
    op(0x95, 0, 0, 0, 0)
}

fn skip_if_zero(register: u8, by: i16) -> Instruction {
    op(0x15, register, 0, by, 0)
}

/// Looks up a value of a map.
fn look_up(map: usize) -> Vec<Instruction> {
    let constant = Instruction { symbol: Some(map), ..op(0x18, 1, 0, 0, 0) };
    vec![constant, Instruction::default(), call(LOOKUP)]
}

/// What is wrong with a function of these instructions; the function behind it gives back a value of the counters.
fn found(parts: &[Vec<Instruction>]) -> Vec<HazardKind> {
    let main = parts.concat().into_iter().chain([exit()]).collect::<Vec<_>>();
    let counter_of = look_up(COUNTERS).into_iter().chain([exit()]).collect();
    let symbol = |name: &str| BpfSymbol { name: name.to_owned(), ..BpfSymbol::default() };
    let function = |name: &str, from, code| BpfFunction { name: name.to_owned(), place: (0, from), code };
    let code = BpfCode {
        functions: vec![function("counter_of", 100, counter_of), function("main", 0, main)],
        symbols: BTreeMap::from([(COUNTERS, symbol("counters")), (SCRATCH, symbol("scratch"))]),
    };
    of_function(&code, &code.functions[1]).into_iter().map(|hazard| hazard.what).collect()
}

#[test]
fn no_program_of_the_object_can_harm_another_one() {
    let found: Vec<String> = hazards(OBJECT).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
    let functions = BpfCode::read(OBJECT).unwrap().functions;
    let has = |name: &str| functions.iter().any(|function| function.name == name);
    assert!(has("started") && has("hand") && has("returned") && has("on_entry"), "{functions:?}");
}

#[test]
fn every_way_to_the_stack_counts() {
    let stack = |bytes| vec![HazardKind::Stack(bytes)];
    for (name, code, wrong) in [
        ("nothing", vec![vec![]], vec![]),
        ("as much as may be", vec![vec![store(10, -48, 1)]], vec![]),
        ("what is rounded up to too much", vec![vec![store(10, -56, 1)]], stack(56)),
        ("a buffer for a helper", vec![vec![copy(2, 10), add(2, -64), call(14)]], stack(64)),
        ("a read", vec![vec![load(1, 10, -72)]], stack(72)),
        ("an atomic instruction", vec![vec![atomic(10, -80, 1, 0)]], stack(80)),
        (
            "an address that is made before a jump",
            vec![vec![copy(7, 10), skip_if_zero(1, 1), store(7, -8, 1), add(7, -96)]],
            stack(96),
        ),
        (
            "an address that is kept on the stack",
            vec![vec![copy(7, 10), store(10, -8, 7), call(14), load(8, 10, -8), add(8, -104)]],
            stack(104),
        ),
        (
            "an address that is reckoned with",
            vec![vec![copy(7, 10), add_register(7, 1)]],
            vec![HazardKind::UnknownStack],
        ),
    ] {
        assert_eq!(found(&code), wrong, "{name}");
    }
}

#[test]
fn every_way_to_update_what_others_update_counts() {
    let bump = |pointer: u8| vec![load(1, pointer, 8), add(1, 1), store(pointer, 8, 1)];
    let own_call = |at: i32| op(0x85, 0, 1, 0, 99 - at);
    for (name, code, wrong) in [
        ("load, add, store", vec![look_up(COUNTERS), bump(0)], vec![5]),
        ("behind a check", vec![look_up(COUNTERS), vec![skip_if_zero(0, 3)], bump(0)], vec![6]),
        (
            "by a register of another value",
            vec![look_up(COUNTERS), vec![load(1, 0, 8), add_register(2, 1), store(0, 8, 2)]],
            vec![5],
        ),
        (
            "by a pointer that was moved",
            vec![look_up(COUNTERS), vec![load(1, 0, 8), copy(6, 0), add(6, 8), add(1, 1), store(6, 0, 1)]],
            vec![7],
        ),
        (
            "by two lookups",
            vec![look_up(COUNTERS), vec![load(7, 0, 8), add(7, 1)], look_up(COUNTERS), vec![store(0, 8, 7)]],
            vec![8],
        ),
        (
            "with a stay on the stack",
            vec![
                look_up(COUNTERS),
                vec![copy(6, 0), load(1, 6, 8), store(10, -8, 1), call(14), load(2, 10, -8), add(2, 1)],
                vec![store(6, 8, 2)],
            ],
            vec![9],
        ),
        ("of a function's value", vec![vec![own_call(0)], bump(0)], vec![3]),
        ("of an argument's", vec![bump(1), vec![load(2, 3, 8), add(2, 1), store(3, 8, 2)]], vec![5]),
        (
            "of what was fetched",
            vec![look_up(COUNTERS), vec![atomic(0, 8, 1, 1), add(1, 1), store(0, 8, 1)]],
            vec![5],
        ),
        (
            "of what was compared",
            vec![look_up(COUNTERS), vec![copy(6, 0), atomic(6, 8, 1, 0xf1), store(6, 8, 0)]],
            vec![5],
        ),
        ("atomic", vec![look_up(COUNTERS), vec![atomic(0, 8, 1, 0)]], vec![]),
        ("to another place", vec![look_up(COUNTERS), vec![load(1, 0, 8), store(0, 16, 1)]], vec![]),
        ("without a load", vec![look_up(COUNTERS), vec![store(0, 8, 1)]], vec![]),
        ("in reserved memory", vec![vec![call(RESERVE)], bump(0)], vec![]),
        ("in memory of the thread", vec![look_up(SCRATCH), bump(0)], vec![]),
        ("on the stack", vec![vec![load(1, 10, -8), add(1, 1), store(10, -8, 1)]], vec![]),
    ] {
        let updates: Vec<HazardKind> = wrong.into_iter().map(HazardKind::Update).collect();
        assert_eq!(found(&code), updates, "{name}");
    }
}

#[test]
fn an_object_with_one_wrong_instruction_is_seen() {
    let wrong = hazards(&forge::deep()).unwrap();
    assert!(matches!(wrong[..], [BpfHazard { what: HazardKind::Stack(64), .. }]), "{wrong:?}");
    assert!(wrong[0].what.is_of_kernel());
    assert_eq!(wrong[0].to_string(), format!("{} has 64 bytes on the stack", wrong[0].function));
    let wrong = hazards(&forge::inexact()).unwrap();
    assert!(matches!(wrong[..], [BpfHazard { what: HazardKind::Update(_), .. }]), "{wrong:?}");
    assert!(!wrong[0].what.is_of_kernel());
    assert!(wrong[0].to_string().contains("updates a map's value"), "{}", wrong[0]);
}

#[test]
fn what_is_no_object_is_no_safe_object() {
    assert!(hazards(b"").is_err());
    assert!(hazards(&OBJECT[..100]).is_err());
}
