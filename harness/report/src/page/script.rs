//! The page's only script. It sorts tables, enlarges plots, reads values off them, and unfolds what a link leads to or a printer needs.
//! Without it nothing is missing.

/// The script.
pub(crate) const TEXT: &str = include_str!("script.js");

/// What a browser may do with the page: its own style and this very script, and nothing from anywhere. The hash is that of
/// [`TEXT`]; a test holds it.
pub(crate) const POLICY: &str = concat!(
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; ",
    "style-src 'unsafe-inline'; img-src data:; script-src 'sha256-x1gDN2UL6YIA8CwdoTvBBKs77q2tHP7KsU65fs/nL7s='\">",
);
