//! What is published of judged claims: a small record that is committed, and the page that is made of it.

use spanfate_analysis::claims::is_of;
use spanfate_model::finding::claims::ClaimsRecord;
use spanfate_model::format::manifest::FORMAT;
use spanfate_run::host::project::Project;
use spanfate_run::store;

use super::{ClaimsFound, register};
use crate::error::Error;

/// The page of the project's own claims, of what was published last.
pub(crate) fn page(color: bool) -> Result<String, Error> {
    let record: ClaimsRecord = store::read_json(&Project::find()?.claims().join("record.json"))?;
    Ok(spanfate_report::claims_page(&register::read(&[], color)?, &record))
}

/// Takes judged claims into the project's record, and writes its page. Of claims that were not judged the record keeps what it has.
pub(crate) fn publish(found: &ClaimsFound, color: bool) -> Result<(), Error> {
    let project = Project::find()?;
    let file = project.claims().join("record.json");
    let mut record: ClaimsRecord =
        if file.is_file() { store::read_json(&file)? } else { ClaimsRecord::default() };
    FORMAT.clone_into(&mut record.format);
    if !found.record.machine.is_empty() {
        record.machine.clone_from(&found.record.machine);
    }
    let files = register::read(&[], color)?;
    let all = || files.iter().flat_map(|file| &file.claims);
    // What is no more in the files, or is asked in another way now, was not judged.
    record.claims.retain(|judged| all().any(|claim| claim.number == judged.number && is_of(claim, judged)));
    record.take(&found.record.claims);
    store::write_json(&file, &record)?;
    Ok(store::write_bytes(&project.0.join("docs/claims.md"), page(color)?.as_bytes())?)
}
