//! The program: everything is in the library.

/// Checking schemas makes and drops many small values, at which the system's allocators are slow; musl's most of all.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    accord::cli::main()
}
