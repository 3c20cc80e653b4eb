//! Rows as Parquet: the columns of the CSV, by the names and in the order that they have there. What is needed of the format is little, and
//! written here: row groups of one page per column, without compression (ADR 019). Ids are their bytes, texts are numbers into a list of
//! the group's different ones.

mod column;
mod thrift;

use std::io::{self, Write};

use spanfate_model::books::row::SpanRow;

use self::column::{CellShape, ParquetColumn, WrittenChunk};
use self::thrift::ThriftWriter;

/// First and last bytes of a file.
const MAGIC: &[u8; 4] = b"PAR1";
/// Rows of a group, and bytes of it that are held, at most.
const GROUP_ROWS: u32 = 1 << 16;
const GROUP_BYTES: usize = 16 << 20;

/// A group that is written: its rows, and where each column of it stands.
struct WrittenGroup {
    rows: u32,
    chunks: Vec<WrittenChunk>,
}

/// Rows on their way into a file: the group that is being gathered, and what is known of those before.
pub(super) struct ParquetRows {
    columns: [ParquetColumn; 19],
    rows: u32,
    groups: Vec<WrittenGroup>,
    /// Bytes written.
    at: u64,
}

impl ParquetRows {
    /// Begins a file.
    pub(super) fn begin(to: &mut impl Write) -> io::Result<Self> {
        use CellShape as S;
        let must = |name, shape| ParquetColumn::new(name, shape, false);
        let may = |name, shape| ParquetColumn::new(name, shape, true);
        to.write_all(MAGIC)?;
        Ok(Self {
            columns: [
                must("trial", S::Number),
                must("variant", S::Text),
                must("service", S::Text),
                may("incarnation", S::Number),
                must("trace_id", S::Bytes(16)),
                must("span_id", S::Bytes(8)),
                may("parent_span_id", S::Bytes(8)),
                must("name", S::Text),
                must("kind", S::Text),
                may("request", S::Number),
                may("created_ms", S::Double),
                may("ended_ms", S::Double),
                may("exported_ms", S::Double),
                must("fate", S::Text),
                must("copies", S::Number),
                may("delay_ms", S::Double),
                may("received_ms", S::Double),
                must("position", S::Text),
                must("paths", S::Text),
            ],
            rows: 0,
            groups: Vec::new(),
            at: MAGIC.len() as u64,
        })
    }

    /// Takes one row.
    pub(super) fn row(&mut self, to: &mut impl Write, row: &SpanRow<'_>) -> io::Result<()> {
        let [
            trial,
            variant,
            service,
            incarnation,
            trace,
            span,
            parent,
            name,
            kind,
            request,
            created,
            ended,
            exported,
            fate,
            copies,
            delay,
            received,
            position,
            paths,
        ] = &mut self.columns;
        trial.number(Some(row.trial.into()));
        variant.text(row.variant);
        service.text(row.service);
        incarnation.number(row.incarnation);
        trace.bytes(Some(&row.trace_id.0));
        span.bytes(Some(&row.span_id.0));
        parent.bytes(row.parent_span_id.as_ref().map(|id| &id.0[..]));
        name.text(row.name);
        kind.text(row.kind);
        request.number(row.request);
        created.double(row.created_ms);
        ended.double(row.ended_ms);
        exported.double(row.exported_ms);
        fate.text(&row.fate.to_string());
        copies.number(Some(row.copies.into()));
        delay.double(row.delay_ms);
        received.double(row.received_ms);
        position.text(row.position.as_str());
        paths.text(&row.paths);
        self.rows += 1;
        let held = || self.columns.iter().map(ParquetColumn::held).sum::<usize>();
        if self.rows == GROUP_ROWS || (self.rows.is_multiple_of(256) && held() > GROUP_BYTES) {
            self.group(to)?;
        }
        Ok(())
    }

    /// Writes the group that is held.
    fn group(&mut self, to: &mut impl Write) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut chunks = Vec::new();
        for column in &mut self.columns {
            let chunk = column.write(to, self.at)?;
            self.at += chunk.bytes;
            chunks.push(chunk);
        }
        self.groups.push(WrittenGroup { rows: self.rows, chunks });
        self.rows = 0;
        Ok(())
    }

    /// Writes what is held, and at the end what is where.
    pub(super) fn finish(mut self, to: &mut impl Write) -> io::Result<()> {
        self.group(to)?;
        let footer = self.footer();
        to.write_all(&footer)?;
        to.write_all(&(footer.len() as u32).to_le_bytes())?;
        to.write_all(MAGIC)
    }

    /// `FileMetaData`.
    fn footer(&self) -> Vec<u8> {
        let mut out = ThriftWriter::new();
        out.int(1, 2);
        out.list_of_structs(2, self.columns.len() + 1);
        out.begin_element();
        out.text(4, "spans");
        out.int(5, self.columns.len() as i32);
        out.end();
        for column in &self.columns {
            column.schema(&mut out);
        }
        out.long(3, self.groups.iter().map(|group| i64::from(group.rows)).sum());
        out.list_of_structs(4, self.groups.len());
        for group in &self.groups {
            let bytes = group.chunks.iter().map(|chunk| chunk.bytes).sum::<u64>();
            out.begin_element();
            out.list_of_structs(1, group.chunks.len());
            for (column, chunk) in self.columns.iter().zip(&group.chunks) {
                column.chunk(&mut out, *chunk, group.rows);
            }
            out.long(2, bytes.cast_signed());
            out.long(3, group.rows.into());
            out.end();
        }
        out.text(6, concat!("spanfate version ", env!("CARGO_PKG_VERSION")));
        out.finish()
    }
}
