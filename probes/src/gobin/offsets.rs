//! Where the runtime and the OpenTelemetry SDK keep the fields that the probes read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dwarf::FieldOffsets;
use super::{BuildInfo, GobinError};

/// The module that the offsets depend on.
pub(crate) const SDK: &str = "go.opentelemetry.io/otel/sdk";
/// The probed package.
pub(crate) const SDK_TRACE: &str = "go.opentelemetry.io/otel/sdk/trace";

const G: &str = "runtime.g";
const HCHAN: &str = "runtime.hchan";
const CONTEXT: &str = "go.opentelemetry.io/otel/trace.SpanContext";
const SPAN: &str = "go.opentelemetry.io/otel/sdk/trace.recordingSpan";
const SNAPSHOT: &str = "go.opentelemetry.io/otel/sdk/trace.snapshot";
const PROCESSOR: &str = "go.opentelemetry.io/otel/sdk/trace.batchSpanProcessor";
const OPTIONS: &str = "go.opentelemetry.io/otel/sdk/trace.BatchSpanProcessorOptions";
const TRACER: &str = "go.opentelemetry.io/otel/sdk/trace.tracer";
const PROVIDER: &str = "go.opentelemetry.io/otel/sdk/trace.TracerProvider";
const SIMPLE: &str = "go.opentelemetry.io/otel/sdk/trace.simpleSpanProcessor";
/// The structs that hold them.
pub(super) const STRUCTS: [&str; 10] =
    [G, HCHAN, CONTEXT, SPAN, SNAPSHOT, PROCESSOR, OPTIONS, TRACER, PROVIDER, SIMPLE];
/// Of these, structs of processors that a program may do without.
pub(super) const OPTIONAL: [&str; 3] = [PROCESSOR, OPTIONS, SIMPLE];

/// The SDK's package of the API, and the end of the name of its own.
const API: &str = "go.opentelemetry.io/otel/trace";
const SDK_PART: &str = "/sdk/trace";

/// The structs by the names that they have in a copy of the SDK in another package. A copy of the whole of OpenTelemetry has the
/// API's beside it.
pub(super) fn names_in(package: &str) -> Vec<String> {
    let api = package.strip_suffix(SDK_PART).map(|before| format!("{before}/trace"));
    let one = |name: &&str| match (name.strip_prefix(SDK_TRACE), name.strip_prefix(API), &api) {
        (Some(rest), _, _) => format!("{package}{rest}"),
        (_, Some(rest), Some(api)) => format!("{api}{rest}"),
        _ => (*name).to_owned(),
    };
    STRUCTS.iter().map(one).collect()
}

/// Offsets of fields in bytes from the start of their struct.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Offsets {
    /// `runtime.g`: the goroutine's number.
    pub goid: u32,
    /// `runtime.hchan`: how many elements the channel holds now.
    pub hchan_qcount: u32,
    /// `runtime.hchan`: how many it can hold.
    pub hchan_dataqsiz: u32,
    /// `trace.SpanContext`: the trace id, 16 bytes.
    pub sc_trace_id: u32,
    /// `trace.SpanContext`: the span id, 8 bytes.
    pub sc_span_id: u32,
    /// `trace.SpanContext`: the trace flags, 1 byte.
    pub sc_flags: u32,
    /// `recordingSpan`: the parent's `SpanContext`.
    pub span_parent: u32,
    /// `recordingSpan`: the kind, an `int`.
    pub span_kind: u32,
    /// `recordingSpan`: the name, a `string`.
    pub span_name: u32,
    /// `recordingSpan`: its own `SpanContext`.
    pub span_context: u32,
    /// `recordingSpan`: its tracer, a pointer.
    pub span_tracer: u32,
    /// `tracer`: its provider, a pointer.
    pub tracer_provider: u32,
    /// `TracerProvider`: its list of span processors, an atomic pointer to a slice.
    pub provider_list: u32,
    /// `snapshot`: the parent's `SpanContext`.
    pub snap_parent: u32,
    /// `snapshot`: the kind, an `int`.
    pub snap_kind: u32,
    /// `snapshot`: the name, a `string`.
    pub snap_name: u32,
    /// `snapshot`: its own `SpanContext`.
    pub snap_context: u32,
    /// `batchSpanProcessor`: the exporter, an interface.
    pub bsp_e: u32,
    /// `batchSpanProcessor`: its `BatchSpanProcessorOptions`.
    pub bsp_o: u32,
    /// `batchSpanProcessor`: the queue, a channel.
    pub bsp_queue: u32,
    /// `batchSpanProcessor`: how many spans it dropped, a `uint32`.
    pub bsp_dropped: u32,
    /// `batchSpanProcessor`: the batch being filled, a slice.
    pub bsp_batch: u32,
    /// `batchSpanProcessor`: the `sync.Once` of its shutdown, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bsp_stop_once: Option<u32>,
    /// `batchSpanProcessor`: whether it was shut down, an `atomic.Bool`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bsp_stopped: Option<u32>,
    /// `simpleSpanProcessor`: the exporter, an interface; absent where the program has no such processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssp_exporter: Option<u32>,
    /// `BatchSpanProcessorOptions`: spans the queue can hold, an `int`.
    pub opt_max_queue: u32,
    /// `BatchSpanProcessorOptions`: time between batches, nanoseconds.
    pub opt_batch_timeout: u32,
    /// `BatchSpanProcessorOptions`: time an export may take, nanoseconds.
    pub opt_export_timeout: u32,
    /// `BatchSpanProcessorOptions`: spans in a batch, an `int`.
    pub opt_max_batch: u32,
    /// `BatchSpanProcessorOptions`: whether a full queue blocks the caller, a `bool`.
    pub opt_block: u32,
}

/// Where offsets come from.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetSource {
    /// The binary's own debug information.
    Dwarf,
    /// The table, which knows the binary's versions of Go and the SDK.
    Table,
    /// The table's row for the nearest versions: right only if nothing moved. It is believed where what is read agrees with itself.
    Nearest {
        /// The row's version of the SDK, as `1.47.0`.
        sdk: String,
        /// The row's version of Go, as `1.26`.
        go: String,
    },
}

impl Offsets {
    pub(super) fn of(fields: &FieldOffsets<'_>) -> Option<Self> {
        let at = |of, field: &str| fields.get(&(of, field.to_owned())).copied();
        // Nobody reads fields of a batch processor that the program does not have.
        let has_batch = fields.keys().any(|(of, _)| *of == PROCESSOR);
        let of_batch = |of, field: &str| if has_batch { at(of, field) } else { Some(0) };
        Some(Self {
            goid: at(G, "goid")?,
            hchan_qcount: at(HCHAN, "qcount")?,
            hchan_dataqsiz: at(HCHAN, "dataqsiz")?,
            sc_trace_id: at(CONTEXT, "traceID")?,
            sc_span_id: at(CONTEXT, "spanID")?,
            sc_flags: at(CONTEXT, "traceFlags")?,
            span_parent: at(SPAN, "parent")?,
            span_kind: at(SPAN, "spanKind")?,
            span_name: at(SPAN, "name")?,
            span_context: at(SPAN, "spanContext")?,
            span_tracer: at(SPAN, "tracer")?,
            tracer_provider: at(TRACER, "provider")?,
            provider_list: at(PROVIDER, "spanProcessors")?,
            snap_parent: at(SNAPSHOT, "parent")?,
            snap_kind: at(SNAPSHOT, "spanKind")?,
            snap_name: at(SNAPSHOT, "name")?,
            snap_context: at(SNAPSHOT, "spanContext")?,
            bsp_e: of_batch(PROCESSOR, "e")?,
            bsp_o: of_batch(PROCESSOR, "o")?,
            bsp_queue: of_batch(PROCESSOR, "queue")?,
            bsp_dropped: of_batch(PROCESSOR, "dropped")?,
            bsp_batch: of_batch(PROCESSOR, "batch")?,
            bsp_stop_once: at(PROCESSOR, "stopOnce"),
            bsp_stopped: at(PROCESSOR, "stopped"),
            ssp_exporter: at(SIMPLE, "exporter"),
            opt_max_queue: of_batch(OPTIONS, "MaxQueueSize")?,
            opt_batch_timeout: of_batch(OPTIONS, "BatchTimeout")?,
            opt_export_timeout: of_batch(OPTIONS, "ExportTimeout")?,
            opt_max_batch: of_batch(OPTIONS, "MaxExportBatchSize")?,
            opt_block: of_batch(OPTIONS, "BlockOnQueueFull")?,
        })
    }
}

/// Go version, as `1.26`, to SDK version, as `1.47.0`, to offsets.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
#[serde(transparent)]
pub struct OffsetTable(pub BTreeMap<String, BTreeMap<String, Offsets>>);

impl OffsetTable {
    /// The table that is part of this program.
    pub fn committed() -> Self {
        // A test reads it too, so what is built has a table.
        serde_json::from_str(include_str!("offsets.json")).unwrap_or_default()
    }

    /// The offsets for a package of a build, or those of the versions nearest to it: the newest that is not newer, else the oldest.
    /// Of a build that does not say its versions, and of a fork, whose numbers are its own, nothing is known: then they are tried.
    ///
    /// # Errors
    /// `UnknownSdk` if the table is empty.
    pub fn find(&self, build: &BuildInfo, package: &str) -> Result<(Offsets, OffsetSource), GobinError> {
        let (module, version) = build.module_of(package).unwrap_or_default();
        let unknown = || GobinError::UnknownSdk { sdk: version.to_owned() };
        let newest = (u32::MAX, 0, 0);
        let sdk = numbers(version).unwrap_or(newest);
        let go = build.go_minor().map_or(newest, |(major, minor)| (major, minor, 0));
        let (go_row, by_sdk) = nearest(&self.0, go).ok_or_else(unknown)?;
        let (sdk_row, offsets) = nearest(by_sdk, sdk).ok_or_else(unknown)?;
        let is_released = package == SDK_TRACE && !build.replaced.contains(module);
        let exact = is_released && numbers(go_row) == Some(go) && version.trim_start_matches('v') == sdk_row;
        let source = if exact {
            OffsetSource::Table
        } else {
            OffsetSource::Nearest { sdk: sdk_row.clone(), go: go_row.clone() }
        };
        Ok((offsets.clone(), source))
    }

    /// Adds what a binary with debug information tells; whether it told all.
    pub fn add(&mut self, binary: &super::GoBinary) -> bool {
        let versions = binary.build.go_minor().zip(binary.build.modules.get(SDK));
        let Some((((major, minor), sdk), offsets)) = versions.zip(binary.debug_offsets(SDK_TRACE)) else {
            return false;
        };
        let row = self.0.entry(format!("{major}.{minor}")).or_default();
        row.insert(sdk.trim_start_matches('v').to_owned(), offsets);
        true
    }
}

fn nearest<T>(rows: &BTreeMap<String, T>, wanted: (u32, u32, u32)) -> Option<(&String, &T)> {
    let numbered = || rows.iter().filter_map(|row| Some((numbers(row.0)?, row)));
    let below = numbered().filter(|(version, _)| *version <= wanted).max_by_key(|(version, _)| *version);
    below.or_else(|| numbered().min_by_key(|(version, _)| *version)).map(|(_, row)| row)
}

/// `v1.47.0`, `1.47.1-0.2026…` and `1.26` as numbers; `None` for `(devel)` and its like.
fn numbers(version: &str) -> Option<(u32, u32, u32)> {
    let core = version.trim_start_matches('v').split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(go: &str, sdk: Option<&str>) -> OffsetSource {
        let modules = sdk.map(|sdk| (SDK.to_owned(), sdk.to_owned())).into_iter().collect();
        let build = BuildInfo { go: go.to_owned(), modules, ..BuildInfo::default() };
        OffsetTable::committed().find(&build, SDK_TRACE).unwrap().1
    }

    fn near(sdk: &str) -> OffsetSource {
        OffsetSource::Nearest { sdk: sdk.to_owned(), go: "1.26".to_owned() }
    }

    #[test]
    fn a_version_finds_its_row_or_the_one_before_it() {
        for (go, sdk, row) in [
            ("1.26.8", "v1.47.0", OffsetSource::Table),
            ("1.26", "v1.38.0", OffsetSource::Table),
            ("1.26.8", "v1.24.0", OffsetSource::Table),
            ("1.26.8", "v1.28.0", OffsetSource::Table),
            ("1.25.5", "v1.38.0", OffsetSource::Table),
            ("1.24.13", "v1.37.0", OffsetSource::Table),
            ("1.23.12", "v1.28.0", OffsetSource::Table),
            ("1.26.8", "v1.28.7", near("1.28.0")),
            ("1.26.8", "v1.47.1-0.20260101000000-abcdefabcdef", near("1.47.0")),
            ("1.26.8", "v2.0.0", near("1.47.0")),
            ("1.26.8", "v1.0.0", near("1.24.0")),
            ("1.99.0", "v1.47.0", near("1.47.0")),
            ("", "v1.47.0", near("1.47.0")),
        ] {
            assert_eq!(find(go, Some(sdk)), row, "{go} {sdk}");
        }
    }

    #[test]
    fn what_does_not_say_its_version_is_tried_with_the_newest() {
        for sdk in [Some("(devel)"), Some(""), None] {
            assert_eq!(find("1.26.8", sdk), near("1.47.0"));
        }
        let empty = OffsetTable::default().find(&BuildInfo::default(), SDK_TRACE).unwrap_err();
        assert!(empty.to_string().contains("so that its debug information tells"), "{empty}");
    }

    #[test]
    fn a_fork_with_the_number_of_a_release_is_tried_only() {
        let fork = "example.com/otel/sdk";
        let of = |modules: &[(&str, &str)], replaced: &[&str], package: &str| {
            let own = |(path, version): &(&str, &str)| ((*path).to_owned(), (*version).to_owned());
            let build = BuildInfo {
                go: "1.26.8".to_owned(),
                modules: modules.iter().map(own).collect(),
                replaced: replaced.iter().map(|path| (*path).to_owned()).collect(),
                ..BuildInfo::default()
            };
            OffsetTable::committed().find(&build, package).unwrap().1
        };
        assert_eq!(of(&[(SDK, "v1.38.0")], &[SDK], SDK_TRACE), near("1.38.0"));
        let both = [(SDK, "v1.47.0"), (fork, "v1.38.0")];
        assert_eq!(of(&both, &[], "example.com/otel/sdk/trace"), near("1.38.0"));
        assert_eq!(of(&both, &[], SDK_TRACE), OffsetSource::Table);
    }

    #[test]
    fn go_numbers_goroutines_elsewhere_since_1_25() {
        let table = OffsetTable::committed().0;
        let goid = |go: &str| table[go].values().map(|row| row.goid).collect::<Vec<_>>();
        for (go, at) in [("1.23", 160), ("1.24", 160), ("1.25", 152), ("1.26", 152)] {
            assert!(!goid(go).is_empty() && goid(go).iter().all(|goid| *goid == at), "{go}: {:?}", goid(go));
        }
    }

    #[test]
    fn structs_of_a_copy_are_looked_for_in_its_packages() {
        let names = names_in("example.com/otel/sdk/trace");
        assert_eq!(
            names[..4],
            [G, HCHAN, "example.com/otel/trace.SpanContext", "example.com/otel/sdk/trace.recordingSpan"]
        );
        assert_eq!(names_in(SDK_TRACE), STRUCTS);
        assert_eq!(names_in("example.com/fork")[2..4], [CONTEXT, "example.com/fork.recordingSpan"]);
    }
}
