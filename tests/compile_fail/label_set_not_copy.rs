use narthex::LabelSet;

#[derive(LabelSet)]
enum Reason {
    Crc,
}

fn main() {}
