//! Formats, fields and rules of a comparison, by the names that files and the command line have for them.

use std::fmt;

use serde::{Serialize, Serializer};

/// An enum whose variants have a name in files and a text for people.
macro_rules! named {
    ($(#[doc = $what:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $text:literal: $says:literal,)+ }) => {
        $(#[doc = $what])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in files and on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it is, for people.
            pub const fn says(self) -> &'static str {
                match self { $(Self::$variant => $says,)+ }
            }

            /// The one of that name.
            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }
    };
}

named! {
    /// What a side is written in.
    DiffFormat {
        /// The wire witness's log of a run.
        WireLog = "wire-log": "wire log",
        /// OTLP in protobuf: messages one after the other, or each behind its length.
        OtlpProtobuf = "otlp-protobuf": "OTLP protobuf",
        /// OTLP in JSON.
        OtlpJson = "otlp-json": "OTLP JSON",
        /// Jaeger's own JSON, of `/api/traces`.
        JaegerJson = "jaeger-json": "Jaeger JSON",
        /// OTLP JSON as Jaeger gives it out, of `/api/v3/traces`.
        JaegerOtlp = "jaeger-otlp": "Jaeger OTLP JSON",
        /// OTLP JSON as Tempo gives it out.
        TempoJson = "tempo-json": "Tempo JSON",
        /// Protobuf as Tempo gives it out, of `/api/v2/traces`.
        TempoProtobuf = "tempo-protobuf": "Tempo protobuf",
        /// Rows of `spanfate export --csv`.
        ExportCsv = "export-csv": "exported CSV",
        /// Rows of `spanfate export --ndjson`.
        ExportNdjson = "export-ndjson": "exported NDJSON",
        /// Rows of `spanfate export --parquet`.
        ExportParquet = "export-parquet": "exported Parquet",
    }
}

named! {
    /// A field of a span, in the order in which the first that differs is looked for.
    DiffField {
        /// Name of the service.
        Service = "service": "service",
        /// Parent span id.
        Parent = "parent": "parent",
        /// Name of the span.
        Name = "name": "name",
        /// Kind of the span.
        Kind = "kind": "kind",
        /// Start.
        Start = "start": "start",
        /// End; where times are compared to the microsecond, the duration.
        End = "end": "end",
        /// Code of the status.
        Status = "status": "status",
        /// Message of the status.
        Message = "message": "status message",
        /// W3C trace state.
        TraceState = "trace_state": "trace state",
        /// W3C trace flags, and whether the parent is remote.
        Flags = "flags": "flags",
        /// Attributes.
        Attributes = "attributes": "attributes",
        /// Events, with their attributes.
        Events = "events": "events",
        /// Links: which spans they lead to.
        Links = "links": "links",
        /// Attributes, trace state and flags of links.
        LinkDetails = "link_details": "details of links",
        /// Counts of attributes, events and links that were dropped.
        Dropped = "dropped": "counts of what was dropped",
        /// Attributes of the resource.
        Resource = "resource": "resource",
        /// Name and version of the scope.
        Scope = "scope": "scope",
        /// Attributes of the scope, and what was dropped of resource and scope.
        ScopeDetails = "scope_details": "details of the scope",
        /// Addresses of schemas.
        SchemaUrl = "schema_url": "schema address",
    }
}

named! {
    /// What is taken as equal although it is written differently.
    DiffRule {
        /// Ids in base64, in capitals, or without their zeros in front.
        Ids = "ids": "ids in base64, in capitals, or without their zeros in front",
        /// Enums by their names.
        Enums = "enums": "kinds and status codes by name",
        /// Times compared to the microsecond.
        Times = "times": "times compared to the microsecond, as one side has no nanoseconds",
        /// Kinds from tags.
        Kind = "kind": "the kind from the tag span.kind",
        /// Status from tags.
        Status = "status": "the status from the tags otel.status_code, otel.status_description and error",
        /// Parents and links from references.
        References = "references": "parents and links from references",
        /// The resource from the process.
        Process = "process": "the resource from the process",
        /// Events from logs.
        Events = "events": "events from logs",
        /// The scope from tags.
        Scope = "scope": "the scope from the tags otel.scope.* or otel.library.*",
        /// Trace state from a tag.
        TraceState = "trace-state": "the trace state from the tag w3c.tracestate",
        /// Tags that the store adds.
        AddedTags = "added-tags": "tags that Jaeger adds, left out (internal.span.format)",
        /// Attribute types that the format does not have.
        Types = "types": "lists, maps and empty values that one side holds as text",
        /// Order.
        Order = "order": "attributes, events or links in another order",
        /// Default values.
        Defaults = "defaults": "a value that is empty or zero, and one that is not there",
        /// Text that was repaired.
        Utf8 = "utf8": "text that is no UTF-8, repaired on one side",
        /// Names that the log keeps only in part.
        Names = "names": "names that the wire log keeps only in part",
        /// Text that would be a formula.
        Formulas = "formulas": "an apostrophe before text that a spreadsheet would take for a formula",
        /// Pages that overlap.
        Pages = "pages": "a trace that several answers of the store show",
    }
}
