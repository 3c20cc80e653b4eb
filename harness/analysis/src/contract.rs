//! A contract of what a service must show (`.obsrv.yml`, or a registry of Weaver), read strictly and held against what was seen.

mod begun;
mod evidence;
mod judge;
mod read;
mod registry;
mod signals;
#[cfg(test)]
mod tests;

pub use self::begun::begun;
pub use self::evidence::{ContractEvidence, HowToSee};
pub use self::judge::judge;
pub use self::read::{is_contract, read};
pub use self::registry::{RegistryText, read_registry};
pub use self::signals::ExportedSignal;
