//! Texts of a probe log: they come in pieces.

use std::collections::BTreeMap;

use spanfate_model::format::probe::{ExportError, ExportErrors, Pieces, ProbeKind, Record};

use super::ProbeLog;

/// What texts a log holds.
#[derive(Default)]
pub(super) struct Texts {
    /// Names of spans, by address.
    pub(super) names: BTreeMap<u64, String>,
    /// What the error of a batch said, by number.
    pub(super) errors: BTreeMap<u32, String>,
    /// Names of types, by table.
    pub(super) types: BTreeMap<u64, String>,
    /// Exporters, by the address of the processor that calls them: the function, and behind a bar the client's type.
    pub(super) exporters: BTreeMap<u64, String>,
    /// Strings in which the SDK's OTLP exporters may have their endpoint, by the exporter's address and the place in its client.
    pub(super) endpoints: BTreeMap<(u64, u8), String>,
}

impl Texts {
    pub(super) fn of(log: &ProbeLog<'_>) -> Self {
        let (mut names, mut types) = (BTreeMap::<u64, Pieces>::new(), BTreeMap::<u64, Pieces>::new());
        let mut exporters = BTreeMap::<u64, Pieces>::new();
        let mut endpoints = BTreeMap::<(u64, u8), Pieces>::new();
        let (mut reading, mut errors) = (ExportErrors::default(), Vec::new());
        for record in log.each() {
            match record {
                Record::Name(text) => names.entry(text.of).or_default().add(&text),
                Record::Type(text) => types.entry(text.of).or_default().add(&text),
                Record::Exporter(text) => exporters.entry(text.of).or_default().add(&text),
                Record::Endpoint(text) => endpoints.entry((text.of, text.place())).or_default().add(&text),
                Record::Processor(look)
                    if matches!(look.kind, ProbeKind::Exported | ProbeKind::Returned | ProbeKind::Shut) =>
                {
                    errors.extend(reading.exported(&look));
                }
                Record::Error(text) => reading.add(&text),
                _ => {}
            }
        }
        errors.extend(reading.rest().map(|(_, error)| error.clone()));
        let whole = |pieces: BTreeMap<u64, Pieces>| -> BTreeMap<u64, String> {
            pieces.into_iter().map(|(at, pieces)| (at, pieces.text())).collect()
        };
        let types = whole(types);
        let name_of = |table: u64| types.get(&table).map_or("", String::as_str);
        let say = |error: ExportError| (error.batch, error.say(name_of));
        let errors = errors.into_iter().map(say).collect();
        let names = names.into_iter().map(|(of, pieces)| (of, pieces.name())).collect();
        let endpoints = endpoints.into_iter().map(|(at, pieces)| (at, pieces.name())).collect();
        Self { names, errors, exporters: whole(exporters), endpoints, types }
    }
}
