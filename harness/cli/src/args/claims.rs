//! Arguments of `claims`.

use std::path::PathBuf;

use clap::Args;
use spanfate_model::finding::noise::{NoiseProfile, PROFILES};

use super::whole;
use crate::session::claims::ClaimsOrder;

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub(crate) struct ClaimsArguments {
    /// A list of claims of your own, in place of the project's. May be given several times.
    #[arg(long = "file", value_name = "FILE", conflicts_with = "publish")]
    pub(crate) files: Vec<PathBuf>,
    /// Only the claims of a section, and of those below it: `2.4` or `2`. May be given several times.
    #[arg(long = "section", value_name = "N")]
    pub(crate) sections: Vec<String>,
    /// Only the claim with this number. May be given several times.
    #[arg(long = "claim", value_name = "N", value_parser = whole::<u32>)]
    pub(crate) numbers: Vec<u32>,
    /// Leave out runs that take longer than 40 s; the claims that need them stay open.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Judge with each of these SDKs, and show where a verdict changes: `1.38,1.44,1.47`, or a checkout, `path:FOLDER`.
    #[arg(long = "sdk", value_name = "SDK", value_delimiter = ',', conflicts_with_all = ["list", "page"])]
    pub(crate) sdks: Vec<String>,
    /// Disturb the machine while runs go on, as `selftest --noise` does: `quota-0.7`, `neighbour-20`, `steal-5`. Verdicts that the machine
    /// could have made are left open then.
    #[arg(long = "under", value_name = "PROFILE", value_parser = profile, conflicts_with_all = ["publish", "list", "page"])]
    pub(crate) under: Option<NoiseProfile>,
    /// Print how each claim is judged; run nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the page docs/claims.md of what was published last; run nothing.
    #[arg(long, conflicts_with_all = ["list", "files"])]
    pub(crate) page: bool,
    /// Go on where an earlier one stopped: only what its directory lacks is run.
    #[arg(long = "continue", value_name = "DIR", conflicts_with = "out")]
    pub(crate) resume: Option<PathBuf>,
    /// How often a trial that is not valid is run again.
    #[arg(long, value_name = "N", default_value = "2", value_parser = whole::<u16>)]
    pub(crate) repeat_spoilt: u16,
    /// Take the verdicts into claims/record.json of the project, and write docs/claims.md.
    #[arg(long)]
    pub(crate) publish: bool,
    /// Print the judged claims as JSON in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Directory for results. Default: results/ in a checkout, else spanfate-results/.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl ClaimsArguments {
    /// What is to be judged.
    pub(crate) fn order(&self) -> ClaimsOrder {
        ClaimsOrder {
            files: self.files.clone(),
            sections: self.sections.clone(),
            numbers: self.numbers.clone(),
            quick: self.quick,
            repeats: self.repeat_spoilt,
            resume: self.resume.clone(),
            out: self.out.clone(),
            sdk: None,
            disturbance: self.under.map(|profile| profile.does),
        }
    }
}

/// A profile of disturbance, by its name.
fn profile(name: &str) -> Result<NoiseProfile, String> {
    PROFILES.into_iter().find(|profile| profile.name == name).ok_or_else(|| {
        let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
        format!("there is no profile `{name}`; known: {}", known.join(", "))
    })
}
