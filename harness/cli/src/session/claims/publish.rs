//! What is published of judged claims: a small record that is committed, the page that is made of it, and the same as one HTML file.

use std::path::PathBuf;

use spanfate_analysis::claims::is_of;
use spanfate_model::finding::claims::ClaimsRecord;
use spanfate_model::finding::claims::register::{ClaimsFile, RegisteredClaim};
use spanfate_model::format::layout::{RunDir, report_path};
use spanfate_model::format::manifest::FORMAT;
use spanfate_run::host::project::Project;
use spanfate_run::store;

use super::{ClaimsFound, ClaimsOrder, register};
use crate::error::Error;
use crate::session::publish::reports_of;

/// The page of the project's own claims, of what was published last.
pub(crate) fn page(color: bool) -> Result<String, Error> {
    let record: ClaimsRecord = store::read_json(&Project::find()?.claims().join("record.json"))?;
    Ok(spanfate_report::claims_page(&register::read(&[], color)?, &record))
}

/// Writes what was judged as one HTML file, where reports go, and gives its path. All claims of the project are `claims.html`; what
/// is only a part of them, or a list of somebody else's, has the name of its results.
pub(crate) fn write_page(order: &ClaimsOrder, found: &ClaimsFound, color: bool) -> Result<PathBuf, Error> {
    let mut files = register::read(&order.files, color)?;
    let all: usize = files.iter().map(|file| file.claims.len()).sum();
    let judged = |file: &mut ClaimsFile| {
        file.claims.retain(|claim| found.record.claim(claim.number).is_some());
        file.steps.retain(|step| step.claims.iter().any(|number| found.record.claim(*number).is_some()));
    };
    files.iter_mut().for_each(judged);
    let kept: usize = files.iter().map(|file| file.claims.len()).sum();
    let results = RunDir(found.dir.clone());
    let name = if order.files.is_empty() && kept == all { "claims".to_owned() } else { results.id() };
    let path = report_path(&reports_of(&results), &name);
    store::write_bytes(&path, spanfate_report::claims_html(&files, &found.record).as_bytes())?;
    Ok(path)
}

/// Takes judged claims into the project's record, and writes its page. Of claims that were not judged the record keeps what it has.
pub(crate) fn publish(found: &ClaimsFound, color: bool) -> Result<(), Error> {
    let project = Project::find()?;
    let file = project.claims().join("record.json");
    let mut record: ClaimsRecord =
        if file.is_file() { store::read_json(&file)? } else { ClaimsRecord::default() };
    FORMAT.clone_into(&mut record.format);
    let files = register::read(&[], color)?;
    let all = || files.iter().flat_map(|file| &file.claims);
    // What is no more in the files, or is asked in another way now, was not judged.
    record.claims.retain(|judged| all().any(|claim| claim.number == judged.number && is_of(claim, judged)));
    let needed =
        |scenario: &str| all().flat_map(RegisteredClaim::scenarios).any(|(name, _)| name == scenario);
    record.runs.retain(|run| needed(&run.scenario));
    if found.record.sdks.is_empty() {
        if !found.record.machine.is_empty() {
            record.machine.clone_from(&found.record.machine);
        }
        record.take(&found.record);
    } else {
        // What was measured with another SDK stays in its results: the record's figures are those of the pinned one.
        record.take(&ClaimsRecord { sdks: found.record.sdks.clone(), ..ClaimsRecord::default() });
    }
    store::write_json(&file, &record)?;
    Ok(store::write_bytes(&project.0.join("docs/claims.md"), page(color)?.as_bytes())?)
}
