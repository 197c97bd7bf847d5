//! The configuration file: checked, and taken up.

use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;

use super::ANY;
use super::device::bytes;
use super::running::{Running, end, folder};

fn file(name: &str, text: &str) -> PathBuf {
    let path = folder(name).join("narthex.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_good_file_is_one_line() {
    let path = file("good", "[[link]]\nstdin = true\n[[link]]\nserial = \"a\"\n[[device]]\nname = \"a\"\n");
    let path = path.to_str().unwrap();
    let said = format!("{path}: good: 2 links, 1 device\n");
    assert_eq!(end(&["config", "check", path]), (Some(0), said, String::new()));
}

#[test]
fn the_example_is_good() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ops/narthex.toml");
    let (status, said, err) = end(&["config", "check", path]);
    assert_eq!((status, &*err), (Some(0), ""), "{said}");
    assert!(said.contains(": good: 3 links, 1 device\n"), "{said}");
}

#[test]
fn all_mistakes_are_told_with_their_lines() {
    let path = file("bad", "ttl = 5\n[[link]]\ntcp = \"127.0.0.1:0\"\nnetworks = [\"10.0.0.1/8\"]\n");
    let path = path.to_str().unwrap();
    let said = format!(
        "{path}:1: key `ttl`: wanted a text in quotes, found an integer\n\
         {path}:4: key `link.networks`: `10.0.0.1/8`: has bits set behind its length; wanted 10.0.0.0/8\n"
    );
    assert_eq!(end(&["config", "check", path]), (Some(2), String::new(), said.clone()));
    assert_eq!(end(&["relay", "--config", path]), (Some(2), String::new(), said));
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let missing = folder("missing").join("narthex.toml");
    let missing = missing.to_str().unwrap();
    let said = format!("narthex: {missing}: no such file or directory\n");
    for words in [&["config", "check", missing][..], &["relay", "--stdin", "--config", missing]] {
        assert_eq!(end(words), (Some(2), String::new(), said.clone()), "{words:?}");
    }
    let binary = folder("binary").join("narthex.toml");
    std::fs::write(&binary, b"ttl = \"5m\"\n\xff").unwrap();
    let binary = binary.to_str().unwrap();
    assert_eq!(
        end(&["config", "check", binary]),
        (Some(2), String::new(), format!("{binary}:2: not UTF-8\n"))
    );
}

#[test]
fn a_file_without_links_is_like_none() {
    let path = file("empty", "");
    let (status, _, said) = end(&["relay", "--config", path.to_str().unwrap()]);
    assert!(status == Some(2) && said.starts_with("narthex: no link given"), "{said}");
}

#[test]
fn options_win_and_links_are_added() {
    let text = "listen = \"127.0.0.1:1\"\ndevice_label = \"node\"\n[[link]]\nname = \"here\"\ntcp = \"127.0.0.1:0\"\n";
    let path = file("wins", text);
    let words =
        ["relay", "--config", path.to_str().unwrap(), "--device-label", "unit", "--tcp", "127.0.0.1:0"];
    let running = Running::start(&[&words[..], &ANY].concat());
    let page = running.get("/metrics").1;
    assert!(page.contains("narthex_link_up{link=\"here\"} 1\n"), "{page}");
    TcpStream::connect(running.listens("tcp")).unwrap().write_all(&bytes("p")).unwrap();
    running.until("/metrics", |page| {
        page.contains("press_parts_total{side=\"left \\\"A\\\"\",unit=\"p\"} 17\n")
    });
}

#[test]
fn the_command_line_and_the_file_are_checked_together() {
    let path = file("both", "[[link]]\nstdin = true\nlabels = { unit = \"1\" }\n");
    let path = path.to_str().unwrap();
    let (status, _, said) = end(&["relay", "--config", path, "--stdin"]);
    assert_eq!((status, &*said), (Some(2), "narthex: --stdin: `stdin` is in use by the link `stdin`\n"));
    let (status, _, said) = end(&["relay", "--config", path, "--device-label", "unit"]);
    let wanted = "narthex: --device-label unit: the file has a label `unit`: this is the label that tells devices apart\n";
    assert_eq!((status, &*said), (Some(2), wanted));
}

#[test]
fn an_address_in_use_is_told_with_its_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let path = file("taken", &format!("\n[[link]]\ntcp = \"{taken}\"\n"));
    let path = path.to_str().unwrap();
    let said = format!("narthex: {path}:2: tcp {taken}: address already in use\n");
    assert_eq!(end(&[&["relay", "--config", path][..], &ANY].concat()), (Some(2), String::new(), said));
}

#[test]
fn what_has_no_end_is_no_configuration() {
    let said = "narthex: /dev/zero: longer than 16 MiB\n".to_owned();
    assert_eq!(end(&["config", "check", "/dev/zero"]), (Some(2), String::new(), said));
}
