//! Where to keep what outlives the program.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The state directory: as said, else systemd's, else that of the XDG Base Directory Specification. `None` if there is
/// no home either.
pub(crate) fn directory(said: Option<&PathBuf>) -> Option<PathBuf> {
    said.cloned().or_else(|| usual(|name| env::var_os(name)))
}

fn usual(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // Relative paths are to be ignored, says the specification; systemd gives none. It gives several with colons
    // between them if the unit asks for several: the first is ours.
    let absolute = |name| {
        let paths = variable(name)?;
        env::split_paths(&paths).next().filter(|path| path.is_absolute())
    };
    absolute("STATE_DIRECTORY")
        .or_else(|| absolute("XDG_STATE_HOME").map(|home| home.join("narthex")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state/narthex")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_one_is_taken() {
        let all = [("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        let with = |from: usize| {
            usual(|name| all.iter().skip(from).find(|(known, _)| *known == name).map(|(_, path)| path.into()))
        };
        let paths = [0, 1, 2, 3].map(with);
        let wanted =
            ["/var/lib/a", "/x/narthex", "/h/.local/state/narthex"].map(|path| Some(PathBuf::from(path)));
        assert_eq!(paths[..3], wanted);
        assert_eq!(paths[3], None);
        assert_eq!(usual(|_| Some("relative".into())), None);
        assert_eq!(directory(Some(&"here".into())), Some("here".into()));
    }
}
