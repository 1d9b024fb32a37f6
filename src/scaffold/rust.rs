//! The Rust template: an HTTP application, over a key-value store or by itself. Data only.
//!
//! `templates/rust` is the whole project. Without a key-value store, four files are taken from `templates/rust-http`
//! instead, some are left out, and a few lines are changed.

use super::rename::Form;
use super::template::{File, Template, Variant, file};

/// The template. HTTP is always there: it is how the application is called.
pub const TEMPLATE: Template = Template {
    name: "rust",
    about: "a URL shortener in Rust, built by cargo",
    resources: &["http", "keyvalue.redis"],
    files: FILES,
    variants: &[WITHOUT_KEYVALUE],
    places: &[
        (".rs", "", "::", Form::Rust),
        (".rs", "world: \"", "\"", Form::Wit),
        (".wit", "example:", "", Form::Wit),
        (".wit", "world ", " {", Form::Wit),
        ("Cargo.toml", "name = \"", "\"", Form::Given),
        ("Cargo.lock", "name = \"", "\"", Form::Given),
        ("slightfile.toml", "name = \"", "\"", Form::Given),
        (".md", "# ", "\n", Form::Given),
        (".md", "dist/", ".wasm", Form::Given),
    ],
    first_build: "the first build fetches crates, and takes a while",
};

const WITHOUT_KEYVALUE: Variant = Variant {
    without: "keyvalue.redis",
    files: HTTP_FILES,
    left_out: &["src/links.rs", "wit/deps/keyvalue/"],
    edits: HTTP_EDITS,
};

/// Every file of `templates/rust`; `tests/it/new.rs` fails when one is missing here.
pub(super) const FILES: &[File] = &[
    file!("rust", ".cargo/config.toml"),
    file!("rust", ".gitignore"),
    file!("rust", "Cargo.lock"),
    file!("rust", "Cargo.toml"),
    file!("rust", "README.md"),
    file!("rust", "slightfile.toml"),
    file!("rust", "src/http.rs"),
    file!("rust", "src/lib.rs"),
    file!("rust", "src/links.rs"),
    file!("rust", "tests/app.rs"),
    file!("rust", "tests/support/mod.rs"),
    file!("rust", "wit/deps/cli.wit"),
    file!("rust", "wit/deps/clocks.wit"),
    file!("rust", "wit/deps/filesystem.wit"),
    file!("rust", "wit/deps/http.wit"),
    file!("rust", "wit/deps/io.wit"),
    file!("rust", "wit/deps/keyvalue/atomic.wit"),
    file!("rust", "wit/deps/keyvalue/batch.wit"),
    file!("rust", "wit/deps/keyvalue/store.wit"),
    file!("rust", "wit/deps/keyvalue/watch.wit"),
    file!("rust", "wit/deps/keyvalue/world.wit"),
    file!("rust", "wit/deps/random.wit"),
    file!("rust", "wit/deps/slight-testing/testing.wit"),
    file!("rust", "wit/deps/sockets.wit"),
    file!("rust", "wit/world.wit"),
];

/// The files that are others without a key-value store: all of `templates/rust-http`.
const HTTP_FILES: &[File] = &[
    file!("rust-http", "README.md"),
    file!("rust-http", "slightfile.toml"),
    file!("rust-http", "src/lib.rs"),
    file!("rust-http", "tests/app.rs"),
];

/// What is changed without a key-value store: the file, the text that is there, the text that takes its place.
const HTTP_EDITS: &[(&str, &str, &str)] = &[
    (
        "Cargo.toml",
        "A URL shortener that keeps its links in a key-value store",
        "A greeter",
    ),
    (
        "tests/support/mod.rs",
        "pub use slight::testing::{clock, faults};",
        "pub use slight::testing::clock;",
    ),
    ("tests/support/mod.rs", "pub use wasi::keyvalue::store;\n", ""),
    (
        "wit/world.wit",
        "  import wasi:keyvalue/store@0.2.0-draft;\n  import wasi:keyvalue/atomics@0.2.0-draft;\n  \
         import wasi:keyvalue/batch@0.2.0-draft;\n\n",
        "",
    ),
    ("wit/world.wit", "  import wasi:keyvalue/store@0.2.0-draft;\n", ""),
    ("wit/world.wit", "  import slight:testing/faults@0.1.0;\n", ""),
    (
        "wit/world.wit",
        ", the store behind it, and time and failure from",
        ", and time from",
    ),
];
