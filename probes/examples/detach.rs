//! Measures how long probes on a process take to come and go: `detach PROGRAM [ARGUMENT...]`, as root.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode};
use spanfate_probes::attach::Attached;
use spanfate_probes::gobin::GoBinary;
use spanfate_probes::lookup::look_up;

#[expect(clippy::disallowed_methods, reason = "it measures itself, and no run")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = PathBuf::from(arguments.next().ok_or("which program?")?);
    let wish = Ebpf::plain(EbpfMode::Events);
    let found = look_up(&GoBinary::open(&program)?, &wish)?;
    let mut child = Command::new(&program).args(arguments).spawn()?;
    let began = Instant::now();
    let attached = Attached::attach(child.id(), &program, &found, &wish)?;
    let (sites, put) = (attached.sites(), began.elapsed());
    let began = Instant::now();
    drop(attached);
    let off = began.elapsed();
    writeln!(std::io::stdout(), "{sites} sites: put on in {put:?}, taken off in {off:?}")?;
    child.kill()?;
    child.wait()?;
    Ok(())
}
