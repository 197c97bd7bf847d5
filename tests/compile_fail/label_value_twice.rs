use narthex::LabelSet;

#[derive(Clone, Copy, LabelSet)]
enum Reason {
    Crc,
    #[label(value = "crc")]
    Checksum,
}

fn main() {}
