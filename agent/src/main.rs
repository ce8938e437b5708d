//! The program `agent`: one call into the library, which does everything.

fn main() -> std::process::ExitCode {
    agent::cli::main()
}
