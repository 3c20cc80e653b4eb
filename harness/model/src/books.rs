//! What became of every span: totals, rows, traces, and single spans explained.

pub mod breakdown;
pub mod damage;
pub mod explain;
pub mod ledger;
pub mod row;
