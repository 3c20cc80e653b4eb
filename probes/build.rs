//! With the feature `probes-from-source` the eBPF programs are compiled here, in the place of the committed object. It takes
//! `clang` and libbpf's headers; without the feature this does nothing.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-env-changed=CLANG");
    if env::var_os("CARGO_FEATURE_PROBES_FROM_SOURCE").is_none() {
        return Ok(());
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo gives no OUT_DIR")?).join("otelgo.bpf.o");
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    // As `bpf/build` does; BTF is needed, so -g.
    let mut compile = Command::new(&clang);
    compile.args([
        "-O2",
        "-g",
        "-target",
        "bpf",
        "-mcpu=v3",
        "-D__TARGET_ARCH_x86",
        "-I/usr/include/x86_64-linux-gnu",
    ]);
    compile.args(["-fdebug-compilation-dir=.", "-c", "otelgo.bpf.c", "-o"]).arg(&out).current_dir("bpf");
    match compile.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{clang} ended with {status}; it needs libbpf-dev and Linux's headers")),
        Err(error) => Err(format!("{clang} could not be run: {error}; install it, or set CLANG=clang-14")),
    }
}
