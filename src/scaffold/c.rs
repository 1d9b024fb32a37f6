//! The C template: the same HTTP application as the Rust one, over a key-value store or by itself. Data only.
//!
//! `templates/c` is the whole project. Without a key-value store, four files are taken from `templates/c-http` instead, some are left
//! out, and a few lines are changed. No source names the project: its bindings are `app.h` whatever its name is.

use super::rename::Form;
use super::template::{File, Template, Variant, file};

/// The template. HTTP is always there: it is how the application is called.
pub const TEMPLATE: Template = Template {
    name: "c",
    about: "a URL shortener in C, built by clang or zig for WebAssembly",
    resources: &["http", "keyvalue.redis"],
    files: FILES,
    variants: &[WITHOUT_KEYVALUE],
    places: &[
        (".wit", "example:", "@", Form::Wit),
        (".wit", "world ", " {", Form::Wit),
        (".wit", "include ", ";", Form::Wit),
        ("slightfile.toml", "name = \"", "\"", Form::Given),
        ("Makefile", "dist/", ".wasm", Form::Given),
        ("Makefile", "--world ", " ", Form::Wit),
        (".md", "# ", "\n", Form::Given),
        (".md", "dist/", ".wasm", Form::Given),
    ],
    first_build: "it needs a C compiler for WebAssembly: `slt doctor` says what it finds, and how to install one",
};

const WITHOUT_KEYVALUE: Variant = Variant {
    without: "keyvalue.redis",
    files: HTTP_FILES,
    left_out: &["src/links.", "tests/links.c", "wit/deps/keyvalue/"],
    edits: HTTP_EDITS,
};

/// Every file of `templates/c`; `tests/it/new.rs` fails when one is missing here.
const FILES: &[File] = &[
    file!("c", ".clang-format"),
    file!("c", ".gitignore"),
    file!("c", "Makefile"),
    file!("c", "README.md"),
    file!("c", "include/slt.h"),
    file!("c", "include/slt_test.h"),
    file!("c", "slightfile.toml"),
    file!("c", "src/app.c"),
    file!("c", "src/http.c"),
    file!("c", "src/http.h"),
    file!("c", "src/links.c"),
    file!("c", "src/links.h"),
    file!("c", "tests/app.c"),
    file!("c", "tests/links.c"),
    file!("c", "tests/support/http_client.c"),
    file!("c", "tests/support/http_client.h"),
    file!("c", "wit/deps/cli.wit"),
    file!("c", "wit/deps/clocks.wit"),
    file!("c", "wit/deps/filesystem.wit"),
    file!("c", "wit/deps/http.wit"),
    file!("c", "wit/deps/io.wit"),
    file!("c", "wit/deps/keyvalue/atomic.wit"),
    file!("c", "wit/deps/keyvalue/batch.wit"),
    file!("c", "wit/deps/keyvalue/store.wit"),
    file!("c", "wit/deps/keyvalue/watch.wit"),
    file!("c", "wit/deps/keyvalue/world.wit"),
    file!("c", "wit/deps/random.wit"),
    file!("c", "wit/deps/slight-testing/testing.wit"),
    file!("c", "wit/deps/sockets.wit"),
    file!("c", "wit/world.wit"),
];

/// The files that are others without a key-value store: all of `templates/c-http`.
const HTTP_FILES: &[File] = &[
    file!("c-http", "README.md"),
    file!("c-http", "slightfile.toml"),
    file!("c-http", "src/app.c"),
    file!("c-http", "tests/app.c"),
];

/// What is changed without a key-value store: the file, the text that is there, the text that takes its place.
const HTTP_EDITS: &[(&str, &str, &str)] = &[
    (
        "wit/world.wit",
        "  import wasi:keyvalue/store@0.2.0-draft;\n  import wasi:keyvalue/atomics@0.2.0-draft;\n  \
         import wasi:keyvalue/batch@0.2.0-draft;\n\n",
        "",
    ),
    ("wit/world.wit", "\n  import slight:testing/faults@0.1.0;", ""),
    ("wit/world.wit", ", and time and failure from", ", and time from"),
];
