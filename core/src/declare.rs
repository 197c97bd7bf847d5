//! The macro by which a registry is declared: the one place where registry and wire meet.

/// Declares a [`Registry`](crate::Registry): a constant table of groups, checked by the compiler.
///
/// Each item is the name of a `static` group, with constant labels in braces where several groups of one type must
/// be told apart. Bad names, duplicates and conflicts are compile errors that name the metric.
///
/// ```
/// use narthex::{Counter, Metrics, Registry, registry};
/// /// One radio.
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static UPLINK: Radio = Radio::new();
/// static MESH: Radio = Radio::new();
/// static REGISTRY: Registry = registry![UPLINK { radio: "uplink" }, MESH { radio: "mesh" }];
/// ```
///
/// A name that stands twice must be told apart by constant labels:
///
/// ```compile_fail
/// use narthex::{Counter, Metrics, Registry, registry};
/// #[derive(Metrics)]
/// struct Radio {
///     /// Packets sent.
///     radio_packets_total: Counter,
/// }
/// static UPLINK: Radio = Radio::new();
/// static MESH: Radio = Radio::new();
/// static REGISTRY: Registry = registry![UPLINK, MESH];
/// ```
#[macro_export]
macro_rules! registry {
    ($($group:path $({ $($label:ident: $value:expr),* $(,)? })?),+ $(,)?) => {{
        const SHAPES: &[$crate::registry::Shape] = &[$(
            $crate::registry::Shape::of(
                &$group,
                &[$($($crate::model::Label::new(::core::stringify!($label), $value)),*)?],
            )
        ),+];
        const COUNT: usize = $crate::registry::count(SHAPES);
        #[allow(long_running_const_eval)]
        const REFUSAL: ::core::option::Option<$crate::registry::Refusal> =
            $crate::registry::check::<COUNT>(SHAPES);
        const _: () = if let ::core::option::Option::Some(refusal) = &REFUSAL {
            ::core::panic!("{}", refusal.message().as_str());
        };
        #[allow(long_running_const_eval)]
        const SCHEMA_HASH: u32 = {
            let instances = $crate::registry::instances::<COUNT>(SHAPES);
            match $crate::wire::schema::hash(&instances) {
                ::core::result::Result::Ok(hash) => hash,
                ::core::result::Result::Err(error) => ::core::panic!("{}", error.as_str()),
            }
        };
        static ENTRIES: &[$crate::registry::Entry] = &[$(
            $crate::registry::Entry::new(
                &$group,
                &[$($($crate::model::Label::new(::core::stringify!($label), $value)),*)?],
            )
        ),+];
        #[allow(long_running_const_eval)]
        static POSITIONS: [$crate::registry::Position; COUNT] = $crate::registry::positions(SHAPES);
        $crate::Registry::new(ENTRIES, &POSITIONS, SCHEMA_HASH)
    }};
}
