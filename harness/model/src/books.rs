//! What became of every span: totals, rows, traces, single spans explained, and log lines that name them.

pub mod breakdown;
pub mod damage;
pub mod explain;
pub mod ledger;
pub mod logs;
pub mod row;
