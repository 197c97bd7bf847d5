//! Sparse frames.

use super::*;

fn handed(line: &Line) -> Vec<(usize, u64)> {
    line.sink.cells.iter().map(|(place, cell)| (*place, *cell)).collect()
}

#[test]
fn what_has_changed_is_taken() {
    let mut line = Line::known(&usual());
    line.tick();
    // The counter, slots 1 and 2, the histogram: cells 0, 3 to 6, 9 to 12.
    line.sparse(0, 13, &[0b0111_1001, 0b0001_1110], &[5, 1, 10, 2, 20, 6, 7, 8, 9]);
    let all = [(0, 5), (3, 1), (4, 10), (5, 2), (6, 20), (9, 6), (10, 7), (11, 8), (12, 9)];
    assert_eq!((handed(&line), &line.sink.refused), (all.to_vec(), &vec![]));
    line.tick();
    line.sparse(5, 2, &[0b11], &[3, 30]);
    assert_eq!(handed(&line)[3..5], [(5, 3), (6, 30)]);
    // Nothing is nothing, wherever it is.
    line.sparse(0, 0, &[], &[]);
    line.sparse(65_536, 0, &[], &[]);
    assert_eq!((handed(&line).len(), &line.sink.refused), (9, &vec![]));
}

#[test]
fn cells_of_unknown_families_are_passed_over() {
    let families = usual();
    let mut line = Line::new(&families);
    line.tick();
    line.family(&families, 2);
    line.sparse(0, 13, &[0b0111_1001, 0b0001_1110], &[5, 1, 10, 2, 20, 6, 7, 8, 9]);
    assert_eq!(handed(&line), [(0, 6), (1, 7), (2, 8), (3, 9)]);
    line.sparse(13, 9, &[0xff, 1], &[1; 9]);
    assert_eq!((handed(&line).len(), &line.sink.refused), (4, &vec![]));
}

#[test]
fn what_is_malformed_is_refused_whole() {
    let why = |payload: &[u8]| {
        let mut line = Line::known(&usual());
        line.tick();
        line.send(Kind::SPARSE, payload);
        assert!(line.sink.cells.is_empty(), "{payload:?}");
        // It does no harm to what comes next.
        line.values(0, &[1]);
        assert_eq!(line.sink.cells.len(), 1);
        line.sink.refused.pop().unwrap_or_default()
    };
    let begins = "a sparse frame does not say where it begins and how far it goes";
    assert_eq!(why(&[]), begins);
    assert_eq!(why(&[0]), begins);
    assert_eq!(why(&[0x80, 0x80]), begins);
    let behind = "a sparse frame covers cells behind the last there can be";
    assert_eq!(why(&varints(&[65_536, 1])), behind);
    assert_eq!(why(&varints(&[u64::MAX, 2])), behind);
    assert_eq!(why(&varints(&[1, u64::MAX])), behind);
    assert_eq!(why(&[0, 13, 1]), "the bitmap of a sparse frame is cut off");
    assert_eq!(why(&[0, 3, 0b1000, 1]), "a sparse frame has cells behind its end");
    assert_eq!(why(&[0, 13, 1, 0]), "the values of a sparse frame are cut off");
    assert_eq!(why(&[0, 13, 1, 0, 0x80]), "the values of a sparse frame are cut off");
    assert_eq!(why(&[0, 13, 1, 0, 1, 2]), "a sparse frame has more values than bits");
    let part = "a sparse frame has a part of a child";
    assert_eq!(why(&[0, 13, 0b0000_0011, 0, 7, 8]), part);
    assert_eq!(why(&[0, 13, 0b0000_0101, 0, 7, 8]), part);
    assert_eq!(why(&[0, 13, 0b0001_0011, 0, 7, 8, 9]), part);
    assert_eq!(why(&[0, 2, 0b0000_0011, 7, 8]), part);
    assert_eq!(why(&[2, 3, 0b0000_0001, 7]), part);
    assert_eq!(why(&[0, 13, 0, 0b0000_0010, 7]), part);
}

#[test]
fn a_child_that_was_cut_does_not_go_on_behind_a_sparse_frame() {
    let mut line = Line::known(&usual());
    line.tick();
    line.values(8, &[5, 1, 2]);
    line.sparse(0, 1, &[1], &[4]);
    line.values(11, &[3, 4]);
    assert_eq!(handed(&line), [(0, 4)]);
    line.tick();
    line.values(9, &[1, 2]);
    line.values(11, &[3, 4]);
    assert_eq!(handed(&line), [(0, 4), (9, 1), (10, 2), (11, 3), (12, 4)]);
    line.values(65_530, &[1; 7]);
    assert_eq!(line.sink.refused, ["a frame has values behind the last cell there can be"]);
}
