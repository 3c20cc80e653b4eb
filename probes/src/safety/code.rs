//! The functions of an eBPF object as instructions.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind, SymbolKind};

/// One instruction. A constant of 64 bits takes two places; the second has code 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Instruction {
    /// What it does: its class in the low three bits.
    pub(super) code: u8,
    /// The register written to.
    pub(super) to: u8,
    /// The register read; of a call or a constant, what kind it is.
    pub(super) from: u8,
    /// Offset of a memory access in bytes, or of a jump in instructions.
    pub(super) offset: i16,
    /// The number in it.
    pub(super) number: i32,
    /// The symbol it refers to.
    pub(super) symbol: Option<usize>,
}

/// A function: a program, or one that programs call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct BpfFunction {
    /// Its name.
    pub(super) name: String,
    /// Where it is: section, and its first instruction there.
    pub(super) place: (usize, usize),
    /// Its instructions.
    pub(super) code: Vec<Instruction>,
}

/// A symbol of an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct BpfSymbol {
    pub(super) name: String,
    pub(super) section: usize,
    /// Bytes into the section.
    pub(super) at: u64,
}

/// The code of an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct BpfCode {
    /// All its functions.
    pub(super) functions: Vec<BpfFunction>,
    pub(super) symbols: BTreeMap<usize, BpfSymbol>,
}

impl BpfCode {
    /// Reads an object file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, object::Error> {
        let file = object::File::parse(bytes)?;
        let mut out = Self::default();
        let mut functions = Vec::new();
        for symbol in file.symbols() {
            let Some(section) = symbol.section_index() else { continue };
            let name = symbol.name()?.to_owned();
            if symbol.kind() == SymbolKind::Text && symbol.size() > 0 {
                functions.push((name.clone(), section, symbol.address(), symbol.size()));
            }
            let known = BpfSymbol { name, section: section.0, at: symbol.address() };
            out.symbols.insert(symbol.index().0, known);
        }
        for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
            let mut code = instructions(section.data()?);
            for (at, relocation) in section.relocations() {
                if let (Some(one), RelocationTarget::Symbol(symbol)) =
                    (code.get_mut(at as usize / 8), relocation.target())
                {
                    one.symbol = Some(symbol.0);
                }
            }
            let here = functions.iter().filter(|(_, of, ..)| *of == section.index());
            out.functions.extend(here.map(|(name, _, at, size)| {
                let from = (*at / 8) as usize;
                let code = code.get(from..from + (*size / 8) as usize).unwrap_or_default().to_vec();
                BpfFunction { name: name.clone(), place: (section.index().0, from), code }
            }));
        }
        Ok(out)
    }

    /// The function that a call goes to.
    pub(super) fn callee(&self, function: &BpfFunction, at: usize) -> Option<&BpfFunction> {
        let call = function.code.get(at)?;
        let place = match call.symbol {
            // The number counts from the symbol on; without one, from the call on.
            Some(symbol) => {
                let symbol = self.symbols.get(&symbol)?;
                (symbol.section, after((symbol.at / 8) as usize, call.number.into())?)
            }
            None => (function.place.0, after(function.place.1 + at, call.number.into())?),
        };
        self.functions.iter().find(|other| other.place == place)
    }

    /// The name of the symbol that an instruction refers to.
    pub(super) fn name(&self, instruction: &Instruction) -> Option<&str> {
        self.symbols.get(&instruction.symbol?).map(|symbol| symbol.name.as_str())
    }
}

/// The place so many instructions behind the one that follows.
pub(super) fn after(at: usize, by: i64) -> Option<usize> {
    usize::try_from(i64::try_from(at).ok()?.checked_add(by)? + 1).ok()
}

/// Reads instructions as the kernel does, little-endian.
pub(super) fn instructions(bytes: &[u8]) -> Vec<Instruction> {
    let one = |[code, registers, o0, o1, n0, n1, n2, n3]: &[u8; 8]| Instruction {
        code: *code,
        to: registers & 15,
        from: registers >> 4,
        offset: i16::from_le_bytes([*o0, *o1]),
        number: i32::from_le_bytes([*n0, *n1, *n2, *n3]),
        symbol: None,
    };
    bytes.as_chunks().0.iter().map(one).collect()
}
