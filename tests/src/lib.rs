//! Tests of narthex that cross its crates; see the files in `tests/`.
