//! Is it worth it? The model beside the built-in ones, on the default matrix.

use concbench::Harness;
use own_model::Striped;

fn main() -> std::process::ExitCode {
    Harness::with_model::<Striped>().default_matrix().main()
}
