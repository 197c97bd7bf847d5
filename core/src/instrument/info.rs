//! Text that does not change.

use super::Metric;
use crate::model::{Cells, Desc, Details, Value};

/// What a device is, as labels: the version of its firmware, the revision of its board. The value is always 1.
///
/// It holds nothing: all it says stands in flash. The labels are given where the field is declared; each value is a
/// constant `&str`, such as `env!("CARGO_PKG_VERSION")`. The name must end in `_info`.
///
/// ```
/// use narthex::model::{Kind, Source as _};
/// use narthex::{Info, Metrics, Registry, registry};
/// #[derive(Metrics)]
/// struct Board {
///     /// What this device is.
///     #[metric(labels(version = env!("CARGO_PKG_VERSION"), board = "rev-c"))]
///     build_info: Info,
/// }
/// static BOARD: Board = Board::new();
/// static REGISTRY: Registry = registry![BOARD];
/// // build_info{version="0.1.0",board="rev-c"} 1
/// let desc = REGISTRY.instance(0).unwrap().desc;
/// assert_eq!((desc.kind, desc.details.dimensions[1].values), (Kind::Info, ["rev-c"].as_slice()));
/// assert_eq!(size_of::<Board>(), 0);
/// ```
///
/// Without macros, the description is [`Desc::info`] with a dimension of one value for each label.
#[derive(Clone, Copy, Debug, Default)]
pub struct Info;

impl Info {
    /// An info.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Cells for Info {
    fn read(&self, _child: usize, _cell: usize) -> Option<Value> {
        None
    }
}

impl Metric for Info {
    const NEW: Self = Self;
    const SHAPE: Desc<'static> = Desc::info("", "", &Details::NONE);
    const BUCKETS: usize = 0;
}
