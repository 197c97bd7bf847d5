//! The head of a request: what is asked.

use super::words::{place, word};
use super::{Status, accept};
use crate::text::Format;

/// Most fields a head may have. Prometheus sends seven, a browser twenty.
const MAX_FIELDS: usize = 32;

/// What is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) status: Status,
    pub(super) format: Format,
    /// For the head alone.
    pub(super) head_only: bool,
    /// Whether the client understands chunks.
    pub(super) chunked: bool,
    /// Whether the connection ends behind the answer.
    pub(super) close: bool,
}

impl Asked {
    /// A refusal behind which nothing can be understood.
    pub(super) const fn refused(status: Status) -> Self {
        Self { status, format: Format::Text, head_only: false, chunked: true, close: true }
    }

    /// Reads a whole head: what is asked at an endpoint of this path.
    pub(super) fn read(head: &[u8], path: &str) -> Self {
        Self::understand(head, path).unwrap_or_else(Self::refused)
    }

    fn understand(mut head: &[u8], path: &str) -> Result<Self, Status> {
        let mut line = word(&mut head, b'\n');
        let (method, target) = (word(&mut line, b' '), word(&mut line, b' '));
        let Some(version) = line.strip_prefix(b"HTTP/") else { return Err(Status::BadRequest) };
        let [b'1', b'.', minor @ b'0'..=b'1'] = version else { return Err(Status::VersionNotSupported) };
        let chunked = *minor == b'1';
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let fields = match httparse::parse_headers(head, &mut fields) {
            Ok(httparse::Status::Complete((_, fields))) => Fields::read(fields),
            Err(httparse::Error::TooManyHeaders) => return Err(Status::FieldsTooLarge),
            _ => return Err(Status::BadRequest),
        };
        if chunked && fields.hosts != 1 {
            return Err(Status::BadRequest);
        }
        let head_only = method == b"HEAD";
        let status = if !is_path(target, path) {
            Status::NotFound
        } else if !head_only && method != b"GET" {
            Status::MethodNotAllowed
        } else if fields.body {
            Status::ContentTooLarge
        } else {
            Status::Ok
        };
        // Nobody reads a body, so that what comes behind it cannot be understood.
        let close = !chunked || fields.close || fields.body;
        Ok(Self { status, format: fields.accept.format, head_only, chunked, close })
    }
}

/// What the fields of a head say.
#[derive(Default)]
struct Fields {
    hosts: usize,
    accept: accept::Best,
    close: bool,
    body: bool,
}

impl Fields {
    fn read(fields: &[httparse::Header<'_>]) -> Self {
        let mut said = Self::default();
        for field in fields {
            let mut value = field.value;
            let names = "host accept connection content-length transfer-encoding";
            match place(names, field.name.as_bytes()) {
                0 => said.hosts += 1,
                1 => said.accept.consider(value),
                2 => {
                    while !value.is_empty() {
                        said.close |= place("close", word(&mut value, b',')) == 0;
                    }
                }
                3 => said.body |= value != b"0",
                4 => said.body = true,
                _ => {}
            }
        }
        said
    }
}

/// Whether a target is this path: as it is, or behind `http://` and an authority
/// ([RFC 9112, 3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)); with a query or without.
fn is_path(mut target: &[u8], path: &str) -> bool {
    if let Some(rest) = target.strip_prefix(b"http://") {
        target = rest.iter().position(|byte| *byte == b'/').and_then(|at| rest.get(at..)).unwrap_or_default();
    }
    matches!(target.strip_prefix(path.as_bytes()), Some([] | [b'?', ..]))
}
