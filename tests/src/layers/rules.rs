//! The rules of the tree. A new module or package is refused until it has its line here.

/// A module, and what it may know besides itself.
#[derive(Debug)]
pub struct Layer {
    /// The module and all below it, except what has a line of its own.
    pub module: &'static str,
    /// The layers it may name.
    pub may: &'static [&'static str],
    /// Whether its files must not know each other.
    pub siblings_apart: bool,
}

const fn layer(module: &'static str, may: &'static [&'static str]) -> Layer {
    Layer { module, may, siblings_apart: false }
}

/// Who may know whom.
pub const LAYERS: &[Layer] = &[
    layer("core::model", &[]),
    layer("core::instrument", &["core::model"]),
    layer("core::registry", &["core::model", "core::instrument"]),
    layer("core::runtime", &["core::instrument", "core::registry", "core::http"]),
    layer("core::text", &["core::model"]),
    layer("core::wire", &["core::model"]),
    layer("core::frame", &[]),
    layer("core::http", &["core::model", "core::text"]),
    Layer {
        module: "core::transport",
        may: &["core::model", "core::text", "core::wire", "core::frame", "core::http"],
        siblings_apart: true,
    },
    // What stands on the host's model never knows frames, records or links.
    layer("host::model", &["core::model", "core::text"]),
    layer("host::instrument", &["core::model", "core::text", "host::model", "host::registry"]),
    layer(
        "host::collector",
        &["core::model", "core::text", "host::model", "host::instrument", "host::registry"],
    ),
    layer("host::registry", &["core::model", "core::text", "host::model", "host::collector"]),
    layer(
        "host::expose",
        &["core::model", "core::text", "core::http", "host::model", "host::instrument", "host::registry"],
    ),
    layer("host::push", &["core::model", "core::text", "host::model", "host::registry", "host::expose"]),
    layer("host::testing", &["core::model", "core::text", "host::model", "host::registry", "host::expose"]),
    // Bytes, peers and time.
    layer("host::relay::link", &["host::relay::now", "host::relay::status"]),
    layer("host::relay::now", &[]),
    layer("host::relay::status", &[]),
    // Bytes on a disk, checked against their hash.
    layer("host::relay::store", &["core::wire"]),
    layer("host::relay::site", &["host::relay::status"]),
    // One device: no HTTP, no other devices.
    layer(
        "host::relay::session",
        &[
            "core::model",
            "core::frame",
            "core::wire",
            "host::model",
            "host::relay::now",
            "host::relay::status",
        ],
    ),
    // All devices: no links, no HTTP.
    layer(
        "host::relay::fleet",
        &[
            "core::model",
            "core::text",
            "host::model",
            "host::collector",
            "host::registry",
            "host::relay::now",
            "host::relay::status",
            "host::relay::session",
            "host::relay::store",
        ],
    ),
];

/// Files above all layers: the roots of the crates, the macro in which registry and wire meet in the user's crate, and
/// the program, which wires the stages together.
pub fn unlayered(path: &str) -> bool {
    ["core/src/lib.rs", "core/src/declare.rs", "host/src/lib.rs", "host/src/relay/mod.rs"].contains(&path)
        || path.starts_with("host/src/bin/")
}

/// An external package, and the only places that may name it.
#[derive(Debug)]
pub struct Package {
    /// `core` or `host`.
    pub krate: &'static str,
    /// As the code writes it.
    pub name: &'static str,
    /// Files or folders.
    pub places: &'static [&'static str],
}

const fn core(name: &'static str, places: &'static [&'static str]) -> Package {
    Package { krate: "core", name, places }
}

const fn host(name: &'static str, places: &'static [&'static str]) -> Package {
    Package { krate: "host", name, places }
}

const SYNC: &[&str] = &["core/src/instrument/sync.rs"];
const TRANSPORT: &[&str] = &["core/src/transport/"];
const PROGRAM: &[&str] = &["host/src/bin/"];
const HOST: &[&str] = &["host/src/"];

/// Where each external package is named.
pub const PACKAGES: &[Package] = &[
    core("portable_atomic", SYNC),
    core("critical_section", SYNC),
    core("loom", SYNC),
    core("narthex_derive", &["core/src/lib.rs"]),
    core("heapless", &["core/src/registry/"]),
    core("zmij", &["core/src/text/"]),
    core("crc32fast", &["core/src/frame/check.rs"]),
    core("postcard", &["core/src/wire/"]),
    core("serde", &["core/src/wire/"]),
    core("httparse", &["core/src/http/"]),
    core("embedded_io", TRANSPORT),
    core("embedded_io_async", TRANSPORT),
    core("smoltcp", TRANSPORT),
    // Beside the adapter, errors that can be logged.
    core(
        "defmt",
        &[
            "core/src/transport/",
            "core/src/model/defect.rs",
            "core/src/model/name.rs",
            "core/src/registry/registry_error.rs",
            "core/src/registry/table_family.rs",
            "core/src/text/encoder.rs",
        ],
    ),
    host("tokio_serial", &["host/src/relay/link/serial.rs"]),
    // For core's check of frames.
    host("crc32fast", &[]),
    host("axum", &["host/src/expose/http", "host/src/relay/site", "host/src/bin/"]),
    host("flate2", &["host/src/expose/compress"]),
    host("socket2", &["host/src/relay/link/"]),
    host("ipnet", &["host/src/relay/link/", "host/src/bin/"]),
    host("clap", PROGRAM),
    host("rlimit", PROGRAM),
    host("toml", PROGRAM),
    host("tracing_subscriber", PROGRAM),
    host("serde_json", &["host/src/relay/", "host/src/bin/"]),
    host("bytes", &["host/src/expose/", "host/src/relay/"]),
    host("futures_core", &["host/src/expose/", "host/src/relay/"]),
    host("narthex", HOST),
    host("serde", HOST),
    host("tokio", HOST),
    host("tracing", HOST),
];

/// What may stand at the top of the tree beside dot-files and what a build leaves there.
pub const TOP: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "core",
    "firmware-examples",
    "host",
    "tests",
];
