//! The program `wangge`. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wangge_server::memory::bound_heaps();
    wangge_server::cli::run(std::env::args_os())
}
