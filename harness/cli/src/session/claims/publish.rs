//! What is published of judged claims: a small record that is committed, and the page that is made of it.

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
    record.take(&found.record.claims);
    let files = register::read(&[], color)?;
    // A claim that is gone from the files is gone from the record.
    let known = |number| files.iter().flat_map(|file| &file.claims).any(|claim| claim.number == number);
    record.claims.retain(|claim| known(claim.number));
    store::write_json(&file, &record)?;
    Ok(store::write_bytes(&project.0.join("docs/claims.md"), page(color)?.as_bytes())?)
}
