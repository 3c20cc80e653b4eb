//! `[compare]`: a baseline and a candidate of one scenario, run in pairs of trials.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::scenario::figure::{Figure, Quantile};

/// Pairs where the file names no number.
const PAIRS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Share of false alarms that is accepted, over all gating figures together.
pub const ALPHA: f64 = 0.05;

/// Two variants, compared pair by pair. A pair is one trial of each, next to each other in time, in random order: so a machine
/// that drifts harms neither.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// The variant that is known.
    pub baseline: String,
    /// The variant that is judged.
    pub candidate: String,
    /// Pairs of trials. Fewer than could ever conclude are refused.
    #[serde(default = "pairs")]
    pub pairs: NonZeroU32,
    /// Figures that decide, each with the smallest change that matters: `{ "response.p99" = "10 %" }`. For figures that are
    /// themselves shares it is in percentage points.
    #[serde(default)]
    pub gate: Gates,
    /// How often it may be looked at the result before all pairs have run, to stop early. The accepted share of false alarms is
    /// divided among the looks.
    #[serde(default = "once")]
    pub looks: NonZeroU32,
}

impl Default for Compare {
    /// The usual figures over ten pairs, of variants that are still to be named.
    fn default() -> Self {
        Self {
            baseline: String::new(),
            candidate: String::new(),
            pairs: pairs(),
            gate: Gates::default(),
            looks: once(),
        }
    }
}

/// The figures that decide, each with the smallest change that matters: a share of the baseline's value, or a difference of two
/// shares.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Gates(pub BTreeMap<Figure, f64>);

impl Default for Gates {
    /// Loss by a tenth of a percentage point, response times by a tenth at p50.
    fn default() -> Self {
        Self(BTreeMap::from([(Figure::LossRate, 0.001), (Figure::Response(Quantile::P50), 0.1)]))
    }
}

impl TryFrom<BTreeMap<String, String>> for Gates {
    type Error = String;

    fn try_from(written: BTreeMap<String, String>) -> Result<Self, String> {
        let gate = |(name, text): (String, String)| {
            let figure = Figure::try_from(name)?;
            let share = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
            let share = share.filter(|share| *share > 0.0 && *share <= 100.0).ok_or_else(|| {
                format!("`{figure}` = `{text}` is no smallest change; write it in percent, for example `5 %`")
            })?;
            Ok((figure, share / 100.0))
        };
        let gates = written.into_iter().map(gate).collect::<Result<BTreeMap<_, _>, String>>()?;
        if gates.is_empty() {
            return Err("no figure decides; leave `gate` out for the usual ones".to_owned());
        }
        Ok(Self(gates))
    }
}

impl From<Gates> for BTreeMap<String, String> {
    fn from(gates: Gates) -> Self {
        // Twelve digits: 0.1 % shall not come back as 0.10000000000000002 %.
        let percent = |share: f64| format!("{} %", (share * 1e14).round() / 1e12);
        gates.0.into_iter().map(|(figure, share)| (figure.to_string(), percent(share))).collect()
    }
}

impl JsonSchema for Gates {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Gates".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Figures, each with the smallest change that matters, in percent.",
            "minProperties": 1,
            "propertyNames": {"enum": Figure::names()},
            "additionalProperties": {"type": "string", "pattern": r"^\s*[0-9]*\.?[0-9]+\s*%$", "examples": ["5 %"]},
        })
    }
}

const fn pairs() -> NonZeroU32 {
    PAIRS
}

const fn once() -> NonZeroU32 {
    NonZeroU32::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_read_and_write() {
        let written = BTreeMap::from([
            ("delay.p99".to_owned(), "5 %".to_owned()),
            ("loss.rate".to_owned(), "0.1 %".to_owned()),
        ]);
        let gates = Gates::try_from(written.clone()).unwrap();
        assert_eq!(gates.0.get(&Figure::LossRate).copied(), Some(0.1 / 100.0));
        assert_eq!(BTreeMap::from(gates), written);
        for (name, text) in
            [("los.rate", "1 %"), ("loss.rate", "1"), ("loss.rate", "0 %"), ("loss.rate", "-1 %")]
        {
            assert!(Gates::try_from(BTreeMap::from([(name.to_owned(), text.to_owned())])).is_err());
        }
        assert!(Gates::try_from(BTreeMap::new()).is_err());
    }
}
