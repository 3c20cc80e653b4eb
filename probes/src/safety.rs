//! Whether the programs of an object do no harm where one may be preempted by another (docs/adr/015-probes-and-preemption.md),
//! decided by the instructions themselves: they are the same ones that the kernel gets.

mod code;
mod flow;
#[cfg(test)]
pub(crate) mod forge;
#[cfg(test)]
mod tests;

use std::fmt;

use code::BpfCode;

/// A stack from which on the kernel (6.13 and later) puts a function's stack into memory of the CPU, in bytes.
const OWN_STACK: u32 = 64;
/// The kernel rounds a stack up to so many bytes before it asks that.
const ROUNDED: u32 = 16;

/// What is wrong with a function of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BpfHazard {
    /// Which function.
    pub function: String,
    /// What.
    pub what: HazardKind,
}

/// What may be wrong with a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HazardKind {
    /// It has so many bytes on the stack.
    Stack(u32),
    /// It uses an address on the stack that is not known beforehand.
    UnknownStack,
    /// Its instruction of that number stores what was made of what the same place of a map held: another program's update
    /// between the two is lost.
    Update(usize),
}

impl HazardKind {
    /// Whether it may take the kernel along; otherwise it spoils what is counted.
    pub const fn is_of_kernel(self) -> bool {
        matches!(self, Self::Stack(_) | Self::UnknownStack)
    }
}

impl fmt::Display for BpfHazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, what } = self;
        match what {
            HazardKind::Stack(bytes) => write!(f, "{function} has {bytes} bytes on the stack"),
            HazardKind::UnknownStack => write!(f, "{function} has an unknown number of bytes on the stack"),
            HazardKind::Update(at) => {
                write!(f, "{function} updates a map's value at instruction {at}, not by one instruction")
            }
        }
    }
}

/// What is wrong with an object's programs and the functions that they call; an error where it is no object.
pub fn hazards(object: &[u8]) -> Result<Vec<BpfHazard>, object::Error> {
    let code = BpfCode::read(object)?;
    Ok(code.functions.iter().flat_map(|function| of_function(&code, function)).collect())
}

fn of_function(code: &BpfCode, function: &code::BpfFunction) -> Vec<BpfHazard> {
    let found = flow::Flow::of(code, function);
    let one = |what| BpfHazard { function: function.name.clone(), what };
    let stack = match found.stack {
        None => Some(HazardKind::UnknownStack),
        Some(bytes) if bytes.next_multiple_of(ROUNDED) >= OWN_STACK => Some(HazardKind::Stack(bytes)),
        Some(_) => None,
    };
    stack.into_iter().chain(found.updates.into_iter().map(HazardKind::Update)).map(one).collect()
}
