//! Where is the raw data? The result itself, packed into the page where it is small enough.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use spanfate_model::result::RunResult;

use crate::markup::Html;
use crate::page::frame::part::{PageSection, note};
use crate::text::number::PAGE;

/// Most bytes of packed data: a page is opened, mailed and kept.
const MOST: usize = 256 << 10;

/// The section.
pub(crate) fn section(result: &RunResult) -> PageSection {
    let folder = format!("results/{}", result.run_id);
    let answer = format!(
        "In {folder} of the machine that ran it: result.json holds every number of this page, ledgers and raw logs lie beside it."
    );
    let packed = packed(result).filter(|bytes| bytes.len() <= MOST);
    let body = packed.map_or_else(
        || note("The result is too large to be part of this page."),
        |bytes| {
            let name = format!("{}.result.json.gz", result.run_id);
            let address = format!("data:application/gzip;base64,{}", STANDARD.encode(&bytes));
            let attributes = [("href", &*address), ("download", &*name)];
            let size = PAGE.bytes(bytes.len() as f64);
            let link = Html::element("a", &attributes, Html::text(format!("result.json, packed ({size})")));
            Html::element("p", &[("class", "download")], link).with(&note(
                "It is part of this page, so it comes along wherever the page goes. Its format is in docs/results.md; `spanfate report` \
                 makes this page from it again, `spanfate export` writes every span of a run as a row.",
            ))
        },
    );
    PageSection { id: "raw", question: "Where is the raw data?", answer, body }
}

/// The result as gzip. Without a time or a name in its head: the same result gives the same bytes.
fn packed(result: &RunResult) -> Option<Vec<u8>> {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::best());
    packer.write_all(&serde_json::to_vec(result).ok()?).ok()?;
    packer.finish().ok()
}
