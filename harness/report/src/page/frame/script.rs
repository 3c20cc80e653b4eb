//! The pages' only script. It sorts tables, enlarges plots, reads values off them, and unfolds what a link leads to or a printer needs.
//! Without it nothing is missing.

/// The script.
pub(crate) const TEXT: &str = include_str!("script.js");

macro_rules! policy {
    ($form:literal) => {
        concat!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action ",
            $form,
            "; style-src 'unsafe-inline'; img-src data:; ",
            "script-src 'sha256-xzmfT7z91AyIcSQtscvhbka0wOW12bhPrhS84DPxBmM='\">",
        )
    };
}

/// What a browser may do with a page: its own style and this very script, and nothing from anywhere. The hash is that of
/// [`TEXT`]; a test holds it.
pub(crate) const POLICY: &str = policy!("'none'");
/// The same for a page with a form, which is sent back to where the page is from.
pub(crate) const FORM_POLICY: &str = policy!("'self'");
