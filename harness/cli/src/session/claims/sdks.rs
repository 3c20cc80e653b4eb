//! The same claims with one SDK after the other: each has a directory of its own inside of one, so that it can be continued.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spanfate_model::finding::claims::{ClaimsState, SdkVerdicts};
use spanfate_model::format::manifest::FORMAT;
use spanfate_run::host::project::Project;
use spanfate_run::process::interrupt::Interrupt;
use spanfate_run::runner::fresh_directory;
use spanfate_run::{RunError, store};

use super::{ClaimsFound, ClaimsOrder, judge_in, selected};
use crate::error::Error;
use crate::session::Audience;

/// Judges claims with each SDK; what was measured is that of the last one, the verdicts are those of all. Claims that are not testable
/// have none that could change, and are left out.
pub(crate) fn claims_by_sdk(
    order: &ClaimsOrder,
    sdks: &[String],
    color: bool,
    interrupt: &Interrupt,
    audience: &mut dyn Audience,
) -> Result<ClaimsFound, Error> {
    let (files, mut claims) = selected(order, color)?;
    claims.retain(|claim| claim.not_testable.is_none());
    let base = directory(order, sdks)?;
    let mut verdicts: Vec<SdkVerdicts> = Vec::new();
    let mut found: Option<ClaimsFound> = None;
    for sdk in sdks {
        audience.note(&format!("with SDK {sdk}:"));
        let order = ClaimsOrder { sdk: Some(sdk.clone()), ..order.clone() };
        let begun = begun(&base, sdk)?;
        let one = judge_in(begun, (&files, claims.clone()), &order, color, interrupt, audience)?;
        let of_claims: BTreeMap<_, _> =
            one.record.claims.iter().map(|claim| (claim.number, claim.verdict)).collect();
        verdicts.push(SdkVerdicts { sdk: sdk.clone(), verdicts: of_claims });
        let broken = one.broken || found.is_some_and(|before| before.broken);
        found = Some(ClaimsFound { broken, ..one });
        if interrupt.requested() {
            break;
        }
    }
    let mut found = found.ok_or_else(|| Error::NothingSelected("no SDK was named".to_owned()))?;
    found.dir = base;
    found.record.sdks = verdicts;
    Ok(found)
}

/// The directory of all of them.
fn directory(order: &ClaimsOrder, sdks: &[String]) -> Result<PathBuf, Error> {
    let Some(dir) = &order.resume else {
        let results = order.out.clone().unwrap_or_else(Project::usual_results);
        return Ok(fresh_directory(&results, "claims")?);
    };
    if sdks.iter().any(|sdk| state_of(&dir.join(folder(sdk))).is_file()) {
        return Ok(dir.clone());
    }
    Err(Error::Missing {
        what: "claims with these SDKs",
        name: dir.display().to_string(),
        hint: "; give the directory that `spanfate claims --sdk` named as its results".to_owned(),
    })
}

fn begun(base: &Path, sdk: &str) -> Result<(PathBuf, ClaimsState), Error> {
    let dir = base.join(folder(sdk));
    let file = state_of(&dir);
    if file.is_file() {
        return Ok((dir, store::read_json(&file)?));
    }
    std::fs::create_dir_all(&dir).map_err(|source| RunError::File {
        action: "create",
        path: dir.clone(),
        source,
    })?;
    let state = ClaimsState { format: FORMAT.to_owned(), ..ClaimsState::default() };
    store::write_json(&file, &state)?;
    Ok((dir, state))
}

fn state_of(dir: &Path) -> PathBuf {
    dir.join("claims.json")
}

/// The name of a folder for an SDK; a checkout has slashes in its name.
fn folder(sdk: &str) -> String {
    let letters = sdk.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    format!("sdk-{}", letters.collect::<String>())
}
