//! Real-time priority of a thread, where the system permits it: a thread that must wake up on time then waits for nobody but
//! the kernel.
#![expect(
    unsafe_code,
    reason = "the standard library has no word for it; the reason it is sound is beside it"
)]

use std::io;

/// The lowest priority above all ordinary threads.
const LOWEST: libc::c_int = 1;

/// Gives the calling thread the lowest real-time priority (`SCHED_FIFO` 1), and takes it from what it starts later. The kernel
/// still leaves ordinary threads their share (`sched_rt_runtime_us`). Needs `CAP_SYS_NICE`, or a limit on real-time priority
/// that permits it.
pub fn real_time() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: LOWEST };
    // SAFETY: the call reads `parameters`, which outlives it, and nothing else; 0 is the calling thread.
    let done = unsafe {
        libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const parameters)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
