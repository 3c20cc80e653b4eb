//! Why spans are lost, from what a process and its collectors say of themselves: metrics, and traces and logs beside them. Without a
//! book of each span nothing is proved by replay; what is counted, what follows from means and what only may be are kept apart.

mod judge;
mod logs;
pub mod table;
#[cfg(test)]
mod tests;
mod traces;

use spanfate_model::finding::outside::OutsideWhy;

use crate::metrics::ScrapedPlace;

/// What there is beside metrics.
#[derive(Clone, Copy, Default, Debug)]
pub struct BesideMetrics<'a> {
    /// OTLP traces: protobuf, or JSON with one object or one per line, as a collector's file exporter writes them.
    pub traces: Option<&'a [u8]>,
    /// Log lines: JSON objects or text.
    pub logs: Option<&'a str>,
}

/// Concludes. `batch`: what batch processors are set to, which metrics do not say. An error says what of the traces is none.
pub fn outside(
    seen: &[ScrapedPlace<'_>],
    batch: Option<u32>,
    beside: BesideMetrics<'_>,
) -> Result<OutsideWhy, String> {
    let traces = beside.traces.map(traces::read).transpose()?;
    let logs = beside.logs.map(logs::read);
    let parts = seen.iter().flat_map(|place| judge::parts(place, batch, traces.as_ref(), logs.as_ref()));
    Ok(OutsideWhy {
        parts: parts.collect(),
        traces: traces.map(|traces| traces.words()).unwrap_or_default(),
        logs: logs.map(|logs| logs.words()).unwrap_or_default(),
    })
}
