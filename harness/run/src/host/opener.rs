//! Shows a file in whatever the desktop shows such files with.

use std::path::Path;
use std::process::{Command, Stdio};

/// Programs that open a file: of Linux desktops, and of macOS.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// Opens a file; `false` where there is nothing to open it with, as on a server. What is opened outlives this program.
pub fn open(path: &Path) -> bool {
    OPENERS.iter().any(|opener| {
        let mut command = Command::new(opener);
        command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}
