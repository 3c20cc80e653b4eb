//! `spanfate schema`.

use spanfate_model::schema;
use spanfate_model::verdict::ExitCode;

use crate::args::Format;
use crate::error::Error;
use crate::show;

/// Prints the JSON Schema of a format, as it is published in `docs/schema/`.
pub(super) fn run(format: Format) -> Result<ExitCode, Error> {
    let schema = match format {
        Format::Scenario => schema::scenario(),
        Format::Result => schema::result(),
    };
    show::data(&format!("{:#}\n", schema.as_value()))?;
    Ok(ExitCode::Pass)
}
