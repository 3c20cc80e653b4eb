//! What `setups.toml` says.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanfate_model::books::ledger::Gap;

/// How a program sets up its export, and what must be proved of its spans.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixSetup {
    pub(super) name: String,
    /// For the page: what is known, and by what.
    pub(super) proves: String,
    providers: Value,
    reload: Option<String>,
    next: Option<Value>,
    orderly: AtEnd,
    abrupt: AtEnd,
    /// What it exports proves nothing, so the verdict is no pass.
    #[serde(default)]
    pub(super) inconclusive: bool,
    /// It sends over HTTP beside gRPC, which the program does not count.
    #[serde(default)]
    pub(super) also_http: bool,
    /// With these ends it runs in every CI.
    #[serde(default)]
    pub(super) ci: Vec<MatrixEnd>,
}

/// What spans may have become at an end.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AtEnd {
    pub(super) fates: Vec<String>,
    /// Why they may be unaccounted for.
    #[serde(default)]
    pub(super) gaps: Vec<Gap>,
}

/// How a program ends, as the target calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MatrixEnd {
    Shutdown,
    None,
    Exit,
    Panic,
    Term,
    Kill,
}

impl MatrixEnd {
    pub(super) const ALL: [Self; 6] =
        [Self::Shutdown, Self::None, Self::Exit, Self::Panic, Self::Term, Self::Kill];

    /// As the target and the names of cells write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::None => "none",
            Self::Exit => "exit",
            Self::Panic => "panic",
            Self::Term => "term",
            Self::Kill => "kill",
        }
    }

    /// In words, for the page.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Shutdown => "an orderly end with `Shutdown`",
            Self::None => "a return from `main` without",
            Self::Exit => "`os.Exit`",
            Self::Panic => "a panic",
            Self::Term => "SIGTERM",
            Self::Kill => "SIGKILL",
        }
    }

    /// What stands behind a fate at the end of a process; nothing at an orderly one.
    pub(super) fn way(self) -> &'static str {
        match self {
            Self::Shutdown => "",
            Self::None | Self::Exit => ".exit",
            Self::Panic | Self::Term => ".crash",
            Self::Kill => ".kill",
        }
    }
}

impl MatrixSetup {
    pub(super) fn at(&self, end: MatrixEnd) -> &AtEnd {
        if end == MatrixEnd::Shutdown { &self.orderly } else { &self.abrupt }
    }

    /// The target's argument, without its files.
    pub(super) fn program(&self, end: MatrixEnd) -> Map<String, Value> {
        let mut out = json!({
            "providers": self.providers, "producers": 4, "spans": 100, "burst": 25, "pause": "4ms", "end": end.name(),
        });
        if let (Some(reload), Some(next)) = (&self.reload, &self.next) {
            out["reload"] = json!(reload);
            out["next"] = next.clone();
        }
        out.as_object().unwrap().clone()
    }
}

/// All of them.
pub(super) fn all() -> Vec<MatrixSetup> {
    #[derive(Deserialize)]
    struct SetupFile {
        setup: Vec<MatrixSetup>,
    }
    let file: SetupFile = toml::from_str(include_str!("setups.toml")).unwrap();
    file.setup
}
