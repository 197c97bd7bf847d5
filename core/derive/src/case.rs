//! Names of types and variants, as labels spell them.

/// `CrcError` to `crc_error`, `I2CBus` to `i2c_bus`, `Rx2Fifo` to `rx2_fifo`.
///
/// A word starts at a capital after a small letter, and at the last of several capitals if a small letter follows.
/// Digits belong to the word before them.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut after_small = false;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_uppercase() {
            let before_small = letters.peek().is_some_and(|next| next.is_lowercase());
            if (after_small || before_small) && !snake.is_empty() && !snake.ends_with('_') {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
            after_small = false;
        } else {
            snake.push(letter);
            after_small = letter.is_lowercase() || (after_small && letter.is_numeric());
        }
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn words_start_at_capitals() {
        for (name, expected) in [
            ("Crc", "crc"),
            ("CrcError", "crc_error"),
            ("I2C", "i2c"),
            ("I2CBus", "i2c_bus"),
            ("HTTPMethod", "http_method"),
            ("Rx2Fifo", "rx2_fifo"),
            ("Can1Rx", "can1_rx"),
            ("Already_Snake", "already_snake"),
            ("A", "a"),
            ("Überlauf", "überlauf"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
