//! `spanfate schema`.

use spanfate_model::schema;
use spanfate_model::verdict::ExitCode;

use crate::args::SchemaFormat;
use crate::error::Error;
use crate::show;

/// Prints the JSON Schema of a format, as it is published in `docs/schema/`.
pub(in crate::command) fn run(format: SchemaFormat) -> Result<ExitCode, Error> {
    let schema = match format {
        SchemaFormat::Scenario => schema::scenario(),
        SchemaFormat::Result => schema::result(),
        SchemaFormat::Contract => schema::contract(),
    };
    show::data(&show::pretty(schema.as_value())?)?;
    Ok(ExitCode::Pass)
}
